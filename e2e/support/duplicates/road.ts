import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { RecordedRequest } from "./deliveries.ts";

/** Which way a message of the agents' wire goes. */
export type Way = "to-coordinator" | "to-agent";

export interface AgentRoad {
  readonly port: number;
  /** Puts a message on the line that is up now, as if its sender had sent it again. Resolves when it is on its way. */
  readonly say: (way: Way, text: string) => Promise<void>;
  /** Cuts the line; the agent dials again. */
  readonly cut: () => void;
  /** How often an agent has dialled. */
  readonly dialled: () => number;
  readonly close: () => Promise<void>;
}

/** A road between an agent and its coordinator at `target` that tells of everything that goes over it. */
export async function openRoad(
  target: number,
  heard: {
    readonly message: (way: Way, text: string) => void;
    readonly request: (request: RecordedRequest) => void;
  },
): Promise<AgentRoad> {
  const origin = `127.0.0.1:${target}`;
  const wire = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let line: { readonly agent: WebSocket; readonly coordinator: WebSocket } | undefined;
  let dialled = 0;

  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        (entry): entry is [string, string] => typeof entry[1] === "string" && !HOP_BY_HOP.has(entry[0]),
      ),
    );
    const { method = "GET" } = request;
    const url = `http://${origin}${request.url ?? "/"}`;
    heard.request({ method, url, headers, body });
    const reads = method === "GET" || method === "HEAD";
    const answer = await fetch(url, { method, headers, ...(reads ? {} : { body }) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    response.writeHead(
      answer.status,
      Object.fromEntries([...answer.headers].filter(([name]) => !HOP_BY_HOP.has(name))),
    );
    response.end(method === "HEAD" ? undefined : bytes);
  };

  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  server.on("upgrade", (request, socket, head) => {
    wire.handleUpgrade(request, socket, head, (agent) => {
      dialled++;
      const coordinator = new WebSocket(`ws://${origin}${request.url ?? ""}`, { perMessageDeflate: false });
      line = { agent, coordinator };
      const early: string[] = [];
      coordinator.on("open", () => {
        for (const text of early.splice(0)) coordinator.send(text);
      });
      agent.on("message", (data: Buffer) => {
        const text = data.toString("utf8");
        heard.message("to-coordinator", text);
        if (coordinator.readyState === WebSocket.OPEN) coordinator.send(text);
        else early.push(text);
      });
      coordinator.on("message", (data: Buffer) => {
        const text = data.toString("utf8");
        heard.message("to-agent", text);
        agent.send(text);
      });
      for (const [one, other] of [
        [agent, coordinator],
        [coordinator, agent],
      ] as const) {
        one.on("error", () => undefined);
        one.on("close", () => other.terminate());
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async say(way, text) {
      const socket = way === "to-agent" ? line?.agent : line?.coordinator;
      if (socket?.readyState !== WebSocket.OPEN) return;
      await new Promise<void>((resolve) => socket.send(text, () => resolve()));
    },
    cut: () => line?.agent.terminate(),
    dialled: () => dialled,
    async close() {
      line?.agent.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "transfer-encoding",
]);
