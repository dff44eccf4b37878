import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { BlobHash, Hex } from "@corepool/core/hex";
import { type FromAgent, fromAgent, type ToAgent } from "@corepool/protocol/agent";
import type { MarketDomain } from "@corepool/protocol/eip712";
import { openFileBlobs } from "@corepool/storage/adapters/files";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Outgoing } from "../wire.ts";

/** A message of the agent, checked against the wire. */
export type Heard = FromAgent & {
  readonly id: string;
  readonly connection: number;
  /** When it was taken in, milliseconds since the epoch. */
  readonly at: number;
};

/**
 * A coordinator just large enough to serve one agent: the wire over a real WebSocket, blobs over real HTTP. It
 * acknowledges what must be, unless told not to.
 */
export interface TestCoordinator {
  readonly url: string;
  readonly heard: Heard[];
  /** Types that are not acknowledged for now. */
  readonly silent: Set<string>;
  /** Sends to the newest connection (or an older one) and returns the message's id. */
  say(message: ToAgent, options?: { readonly id?: string; readonly connection?: number }): string;
  /** Sends any text. */
  raw(text: string): void;
  /** The first message (from index `from` on) that the predicate likes; waits for it. */
  wait<T extends FromAgent["type"]>(
    type: T,
    like?: (body: Outgoing<T>) => boolean,
    from?: number,
  ): Promise<Outgoing<T>>;
  /** Cuts the line. */
  hangUp(): void;
  /** Refuses and cuts connections until the returned function is called. */
  goDark(): () => void;
  /** Takes messages in one by one, each in so many milliseconds, until the returned function is called. */
  slow(ms: number): () => void;
  put(bytes: Uint8Array): Promise<BlobHash>;
  get(hash: BlobHash): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** How long a message is waited for. */
const PATIENCE_MS = 15_000;
const ACKED = new Set(["offers", "attempt", "ended", "close"]);

export async function testCoordinator(domain: MarketDomain): Promise<TestCoordinator> {
  const dir = await mkdtemp(join(tmpdir(), "corepool-test-coordinator-"));
  const blobs = await openFileBlobs({ dir, maxBlobBytes: 2 ** 30 });
  const token = randomBytes(16).toString("hex");
  const heard: Heard[] = [];
  const silent = new Set<string>();
  const sockets: WebSocket[] = [];
  const signedIn: WebSocket[] = [];
  let dark = false;
  let slowMs = 0;
  let wake = Promise.withResolvers<void>();

  const http = createServer((request, response) => {
    // Whoever cannot be reached does not answer either.
    if (dark) return void response.destroy();
    void serveBlob(blobs, token, request, response).catch((error: unknown) => problem(response, error));
  });
  const wss = new WebSocketServer({ noServer: true });
  http.on("upgrade", (request, socket, head) => {
    if (dark) return socket.destroy();
    wss.handleUpgrade(request, socket, head, (ws) => connected(ws));
  });

  const send = (ws: WebSocket | undefined, id: string, message: ToAgent) =>
    ws?.send(JSON.stringify({ v: 1, id, ...message }));

  function connected(ws: WebSocket): void {
    const connection = sockets.push(ws) - 1;
    send(ws, "c0", { type: "challenge", body: { nonce: nonce(), chainId: domain.chainId, market: domain.market } });
    let turn = Promise.resolve();
    ws.on("message", (data) => {
      turn = turn.then(async () => {
        if (slowMs > 0) await sleep(slowMs);
        take(data);
      });
    });
    const take = (data: RawData): void => {
      const value = JSON.parse(Buffer.from(data as Uint8Array<ArrayBuffer>).toString()) as { id: string };
      const message = fromAgent.parse(value);
      heard.push({ ...message, id: value.id, connection, at: Date.now() });
      wake.resolve();
      wake = Promise.withResolvers();
      if (message.type === "hello") {
        signedIn.push(ws);
        const body = { epoch: connection + 1, token, heartbeatSeconds: 1, attempts: [] };
        send(ws, "c1", { type: "welcome", body });
      }
      if (message.type === "log" && !silent.has("log")) {
        const offset = message.body.offset + Buffer.from(message.body.data, "base64").length;
        send(ws, `l${offset}`, { type: "log-ack", body: { attempt: message.body.attempt, offset } });
      }
      if (ACKED.has(message.type) && !silent.has(message.type)) {
        send(ws, `a${value.id}`, { type: "ack", body: { of: value.id } });
      }
    };
  }

  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let said = 0;

  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    silent,
    say(message, options = {}) {
      const id = options.id ?? `s${said++}`;
      const ws = options.connection === undefined ? signedIn.at(-1) : sockets[options.connection];
      if (ws?.readyState === ws?.OPEN) send(ws, id, message);
      return id;
    },
    raw: (text) => sockets.at(-1)?.send(text),
    async wait<T extends FromAgent["type"]>(type: T, like: (body: Outgoing<T>) => boolean = () => true, from = 0) {
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        const next = wake.promise;
        for (const message of heard.slice(from)) {
          if (message.type !== type) continue;
          const body = message.body as Outgoing<T>;
          if (like(body)) return body;
        }
        if (Date.now() > until)
          throw new Error(`no such ${type} came; heard: ${JSON.stringify(heard.slice(from)).slice(-4000)}`);
        await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 250))]);
      }
    },
    hangUp: () => sockets.at(-1)?.terminate(),
    goDark() {
      dark = true;
      for (const ws of sockets) ws.terminate();
      return () => {
        dark = false;
      };
    },
    slow(ms) {
      slowMs = ms;
      return () => {
        slowMs = 0;
      };
    },
    async put(bytes) {
      const hash: BlobHash = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      await blobs.write(hash, { owner: "test", offset: 0, size: bytes.length, bytes: ReadableStream.from([bytes]) });
      return hash;
    },
    async get(hash) {
      const parts: Uint8Array[] = [];
      for await (const part of await blobs.read(hash)) parts.push(part);
      return Buffer.concat(parts);
    },
    async close() {
      for (const ws of sockets) ws.terminate();
      wss.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const nonce = (): Hex => `0x${randomBytes(32).toString("hex")}`;

type Store = Awaited<ReturnType<typeof openFileBlobs>>;

async function serveBlob(blobs: Store, token: string, request: IncomingMessage, response: ServerResponse) {
  if (request.headers.authorization !== `Bearer ${token}`) {
    throw new CorepoolError("unauthenticated", { detail: "Sign in first." });
  }
  const hash = (request.url ?? "").replace("/v1/blobs/", "") as BlobHash;
  if (request.method === "PUT") {
    const offset = Number(request.headers["upload-offset"] ?? 0);
    const size = Number(request.headers["upload-length"]);
    const result = await blobs.write(hash, {
      owner: "test",
      offset,
      size,
      bytes: Readable.toWeb(request) as ReadableStream<Uint8Array>,
    });
    response.writeHead(result.complete ? 201 : 202, { "content-type": "application/json" });
    return response.end(JSON.stringify({ hash, ...result }));
  }
  const size = await blobs.size(hash);
  if (request.method === "HEAD") {
    const headers =
      size === undefined
        ? { "upload-complete": "?0", "upload-offset": await blobs.received(hash, "test") }
        : { "upload-complete": "?1", "upload-offset": size, "content-length": size };
    return response.writeHead(size === undefined ? 404 : 200, headers).end();
  }
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const stream = await blobs.read(hash, { start });
  response.writeHead(start > 0 ? 206 : 200, { "content-length": (size ?? 0) - start });
  await pipeline(Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]), response);
}

function problem(response: ServerResponse, error: unknown): void {
  const code = codeOf(error) ?? "internal";
  const status = code === "blob-not-found" ? 404 : code === "unauthenticated" ? 401 : 409;
  if (!response.headersSent) response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ code, status, detail: error instanceof Error ? error.message : String(error) }));
}
