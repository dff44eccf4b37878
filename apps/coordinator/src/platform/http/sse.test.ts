import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { lastEventId, type SseOptions, type SseWriter, sse } from "./sse.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Serves one stream per request on a real socket. */
async function serve(
  source: (writer: SseWriter, request: Request) => Promise<void>,
  options: Partial<SseOptions> = {},
): Promise<number> {
  const listener = getRequestListener((request) =>
    sse({ clock: systemClock, signal: request.signal, stillAllowed: async () => true, ...options }, (writer) =>
      source(writer, request),
    ),
  );
  const server = createServer((request, response) => void listener(request, response));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error("waited five seconds in vain");
    await systemClock.sleep(5);
  }
}

describe("server-sent events", () => {
  it("arrive as written, with ids, types and lines, and the stream ends with its source", async () => {
    const port = await serve(async (writer, request) => {
      await writer.send({ id: "7", event: "thing", data: "a\nb" });
      await writer.send({ data: `after ${lastEventId(request) ?? "nothing"}` });
    });
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { "last-event-id": "6" } });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(await response.text()).toBe("retry: 1000\n\nid: 7\nevent: thing\ndata: a\ndata: b\n\ndata: after 6\n\n");
  });

  it("keep an idle connection alive with comments, and end one that is too old", async () => {
    const port = await serve((writer) => once(writer.signal, "abort").then(() => undefined), {
      heartbeatMs: 20,
      maxAgeMs: 90,
    });
    const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(text.split(": alive").length).toBeGreaterThanOrEqual(4);
  });

  it("send nothing on an answer that is a second old to whether the caller may read, and end once he may not", async () => {
    let may = true;
    let asked = 0;
    const stillAllowed = async () => {
      asked++;
      return may;
    };
    const source = async (writer: SseWriter) => {
      for (let n = 0; ; n++) {
        await writer.send({ data: may ? `open ${n}` : "secret" });
        if (n >= 20) may = false;
        await systemClock.sleep(may ? 1 : 1_001);
      }
    };
    const port = await serve(source, { stillAllowed });
    const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(text).toContain("open 20");
    expect(text).not.toContain("secret");
    expect(asked).toBe(1);
  });

  it("release their source when the client is gone, however it went", async () => {
    let open = 0;
    let opened = 0;
    const port = await serve(async (writer) => {
      open++;
      opened++;
      try {
        for (let n = 0; ; n++) {
          await writer.send({ data: String(n) });
          await systemClock.sleep(5, writer.signal);
        }
      } finally {
        open--;
      }
    });
    for (let i = 0; i < 30; i++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => undefined);
      socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
      await once(socket, "data");
      if (i % 3 === 0) socket.resetAndDestroy();
      else if (i % 3 === 1) socket.destroy();
      else socket.end();
    }
    await until(() => opened === 30 && open === 0);
  });

  it("wait for a client that reads slowly instead of piling up", async () => {
    let sent = 0;
    const port = await serve(async (writer) => {
      for (;;) {
        await writer.send({ data: "x".repeat(10_000) });
        sent++;
      }
    });
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await until(() => sent > 5);
    let before = -1;
    while (before !== sent) {
      before = sent;
      await systemClock.sleep(150);
    }
    // What the kernel's socket buffers take, and our own 64 KiB: far from endless.
    expect(sent * 10_000).toBeLessThan(16 * 2 ** 20);
    socket.destroy();
  });

  it("end when the server stops", async () => {
    const stopping = new AbortController();
    let ended = false;
    const port = await serve(
      async (writer) => {
        await once(writer.signal, "abort");
        ended = true;
      },
      { signal: stopping.signal },
    );
    const response = await fetch(`http://127.0.0.1:${port}/`);
    stopping.abort();
    await response.text();
    expect(ended).toBe(true);
  });
});
