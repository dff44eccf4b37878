import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { signInWith } from "@corepool/sdk/sign-in";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { AnotherUser } from "../../testing/another-user.ts";
import { until } from "../../testing/market.ts";
import { type CoordinatorProcess, type ProcessMarket, processMarket } from "../../testing/processes.ts";

/**
 * Bombs against a coordinator process: it survives each, keeps its memory, and goes on serving others. Everything goes to
 * 127.0.0.1 and is bounded in number and time.
 */
const MIB = 2 ** 20;
const MOST_GROWTH = 50 * MIB;
/** A busy machine is slow by itself: below this nobody else's wait is held against a bomb. */
const FLOOR_MS = 2_000;

vi.setConfig({ testTimeout: 60_000 });

let market: ProcessMarket;
let server: CoordinatorProcess;
let other: AnotherUser;
let port: number;
let calmMs: number;

beforeAll(async () => {
  market = await processMarket();
  server = await market.start();
  port = Number(new URL(server.url).port);
  const served = market.servedBy(server);
  other = new AnotherUser(server.url, (await signInWith(served.api, served.wallet)).token);
  // Code is compiled and pools are filled before anything is measured.
  await wait(3_000);
  other.take();
  await wait(2_000);
  calmMs = percentile99(other.take().waits);
});
afterAll(async () => {
  await other.leave();
  await market.endAll();
});

const percentile99 = (sorted: readonly number[]) => sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0;

/** Lets a bomb go off while another user works; then the process must be there, and no larger than it was. */
async function under(bomb: () => Promise<void>): Promise<void> {
  const before = await server.memory();
  other.take();
  await bomb();
  const { waits, failures } = other.take();
  expect(failures).toEqual([]);
  expect(percentile99(waits), "another user's p99 in ms").toBeLessThanOrEqual(Math.max(FLOOR_MS, 2 * calmMs));
  expect(server.alive()).toBe(true);
  expect(((await server.memory()) - before) / MIB, "growth in MiB").toBeLessThanOrEqual(MOST_GROWTH / MIB);
  expect(server.crashes()).toEqual([]);
}

/** A bare connection: what it was sent, and whether it was ended. */
interface Wire {
  readonly socket: Socket;
  readonly received: () => string;
  readonly closed: () => boolean;
}

async function dial(): Promise<Wire> {
  const socket = connect({ host: "127.0.0.1", port });
  let text = "";
  let closed = false;
  socket.on("data", (part: Buffer) => {
    if (text.length < 4_096) text += part.toString("latin1");
  });
  socket.on("close", () => {
    closed = true;
  });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return { socket, received: () => text, closed: () => closed };
}

/** Writes pieces until the peer hangs up, the pieces are at an end, or the time is. Resolves with the bytes written. */
async function pour(wire: Wire, piece: Buffer, most: number, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let sent = 0;
  while (sent < most && !wire.closed() && performance.now() < end) {
    sent += piece.length;
    if (!wire.socket.write(piece)) await Promise.race([once(wire.socket, "drain"), wait(200)]).catch(() => undefined);
  }
  return sent;
}

const head = (lines: readonly string[]) =>
  `${["POST /v1/auth/nonce HTTP/1.1", "host: 127.0.0.1", ...lines].join("\r\n")}\r\n\r\n`;
const post = (body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/v1/auth/nonce`, {
    method: "POST",
    body: body as string,
    headers: { "content-type": "application/json", ...headers },
  });

describe("bodies", () => {
  it("that nest ten thousand deep are refused", async () => {
    await under(async () => {
      for (let i = 0; i < 50; i++) {
        for (const text of [`{"address":${"[".repeat(10_000)}${"]".repeat(10_000)}}`, '{"a":'.repeat(10_000)])
          expect((await post(text)).status).toBe(400);
      }
    });
  });

  it("of 100 MB are cut off, whether they say so or not", async () => {
    await under(async () => {
      const piece = Buffer.alloc(64 * 1024, 0x20);
      for (const lines of [["content-length: 104857600"], ["transfer-encoding: chunked"]]) {
        const wires = await Promise.all(Array.from({ length: 4 }, dial));
        await Promise.all(
          wires.map(async (wire) => {
            wire.socket.write(head(["content-type: application/json", ...lines]));
            const chunk = lines[0]?.startsWith("transfer")
              ? Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")])
              : piece;
            const sent = await pour(wire, chunk, 100 * MIB, 15_000);
            expect(sent).toBeLessThan(100 * MIB);
            expect(wire.received()).toMatch(/^HTTP\/1.1 413 /);
            expect(wire.received(), "says that the connection ends").toMatch(/\r\nconnection: close\r\n/i);
            await until(() => (wire.closed() ? true : undefined), 5_000);
          }),
        );
      }
    });
  });

  it("that are compressed are not unpacked", async () => {
    const zeros = Buffer.alloc(64 * MIB);
    const bombs = {
      gzip: gzipSync(zeros),
      deflate: deflateSync(zeros),
      br: brotliCompressSync(zeros.subarray(0, 8 * MIB)),
    };
    await under(async () => {
      for (const [coding, bomb] of Object.entries(bombs)) {
        for (let i = 0; i < 5; i++) expect((await post(bomb, { "content-encoding": coding })).status, coding).toBe(415);
      }
    });
  });
});

describe("headers", () => {
  it("in their thousands, or of a megabyte, are refused by a problem", async () => {
    await under(async () => {
      const many = Array.from({ length: 10_000 }, (_, i) => `x-${i}: 1`);
      for (const lines of [many, [`x-large: ${"y".repeat(MIB)}`]]) {
        const wire = await dial();
        wire.socket.write(head(lines));
        await until(() => (wire.closed() ? true : undefined), 10_000);
        expect(wire.received()).toMatch(/^HTTP\/1.1 431 /);
        expect(wire.received()).toContain('"code":"headers-too-large"');
      }
    });
  });

  it("that are no HTTP, or upgrade to nowhere, are refused by a problem and end nothing", async () => {
    const attempts = [
      "GET // HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
      "GET http://[ HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
      "GET /v1/nowhere HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
      "GET /v1/agent HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: bad\r\n\r\n",
      "GET // HTTP/1.1\r\nhost: [\r\n\r\n",
      "GET http://[ HTTP/1.1\r\nhost: x\r\n\r\n",
      "FOO /v1/market HTTP/1.1\r\nhost: x\r\n\r\n",
      "GET /v1/market HTTP/9.9\r\nhost: x\r\n\r\n",
      "\u0000\u0001\u0002\r\n\r\n",
      "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n",
      "POST /v1/auth/nonce HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST /v1/auth/nonce HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ];
    await under(async () => {
      for (const attempt of attempts) {
        const wire = await dial();
        wire.socket.write(attempt);
        await Promise.race([until(() => (wire.closed() || wire.received() !== "" ? true : undefined), 5_000)]);
        if (wire.received() !== "") expect(wire.received(), attempt).toMatch(/^HTTP\/1.1 4\d\d /);
        wire.socket.destroy();
      }
    });
  });
});

describe("slow and silent clients", () => {
  it("are cut off: headers by drops, bodies by drops, and two thousand that say one letter", {
    timeout: 120_000,
  }, async () => {
    await under(async () => {
      const idle = await Promise.all(Array.from({ length: 2_000 }, dial));
      // One letter each: a connection that overflowed the accept queue of a busy machine is known to one side only, and
      // stays so until something is sent.
      for (const { socket } of idle) socket.write("G");
      const headers = await Promise.all(Array.from({ length: 100 }, dial));
      const bodies = await Promise.all(Array.from({ length: 100 }, dial));
      for (const { socket } of headers) socket.write("GET /v1/market HTTP/1.1\r\nhost: x\r\n");
      for (const { socket } of bodies)
        socket.write(`${head(["content-type: application/json", "content-length: 1000"])}{`);
      const drip = setInterval(() => {
        for (const { socket } of headers) if (socket.writable) socket.write("x: y\r\n");
        for (const { socket } of bodies) if (socket.writable) socket.write(" ");
      }, 500);
      try {
        const left = () =>
          Object.entries({ idle, headers, bodies }).flatMap(([what, wires]) => {
            const open = wires.filter((wire) => !wire.closed());
            return open.length === 0 ? [] : [`${open.length} of ${what}: ${open[0]?.received().slice(0, 60)}`];
          });
        await until(() => (left().length === 0 ? true : undefined), 60_000).catch(() => undefined);
        expect(left()).toEqual([]);
      } finally {
        clearInterval(drip);
        for (const { socket } of [...idle, ...headers, ...bodies]) socket.destroy();
      }
      expect(headers[0]?.received()).toMatch(/^HTTP\/1.1 408 /);
      expect(bodies[0]?.received()).toMatch(/^HTTP\/1.1 408 /);
      expect(bodies[0]?.received()).toContain('"code":"request-timeout"');
    });
  });
});

describe("WebSockets of agents that are none", () => {
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/agent`);
    socket.on("error", () => undefined);
    await once(socket, "open");
    return socket;
  };
  const closed = (socket: WebSocket) =>
    until(() => (socket.readyState === WebSocket.CLOSED ? true : undefined), 15_000);
  /** Sends until the peer hangs up, or the time is over. */
  const flood = async (socket: WebSocket, send: () => void, ms: number): Promise<void> => {
    const end = performance.now() + ms;
    while (socket.readyState === WebSocket.OPEN && performance.now() < end) {
      for (let i = 0; i < 200 && socket.readyState === WebSocket.OPEN; i++) send();
      while (socket.bufferedAmount > MIB && socket.readyState === WebSocket.OPEN && performance.now() < end)
        await wait(5);
      await wait(1);
    }
    socket.terminate();
  };

  it("with floods of small messages are cut off", async () => {
    await under(async () => {
      const sockets = await Promise.all(Array.from({ length: 20 }, open));
      await Promise.all(
        sockets.map((socket) => flood(socket, () => socket.send('{"v":1,"id":"a","type":"nonsense"}'), 8_000)),
      );
    });
  });

  it("with one message of 16 MB, or as many fragments, are cut off", async () => {
    await under(async () => {
      const large = await open();
      large.send(Buffer.alloc(16 * MIB, 0x20).toString());
      await closed(large);
      const sockets = await Promise.all(Array.from({ length: 10 }, open));
      await Promise.all(
        sockets.map(async (socket) => {
          socket.send("{", { fin: false });
          await flood(socket, () => socket.send(" ", { fin: false }), 8_000);
        }),
      );
    });
  });

  it("with floods of pings whose answers they do not read are cut off", async () => {
    await under(async () => {
      const sockets = await Promise.all(Array.from({ length: 10 }, open));
      await Promise.all(
        sockets.map(async (socket) => {
          socket.pause();
          await flood(socket, () => socket.ping(Buffer.alloc(125)), 8_000);
        }),
      );
    });
  });

  it("that never say hello are cut off", async () => {
    await under(async () => {
      const sockets = await Promise.all(Array.from({ length: 300 }, open));
      await Promise.all(sockets.map(closed));
    });
  });
});
