import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Connection } from "@corepool/core/ports/transport";
import { CLOSE, MAX_MESSAGE_BYTES } from "@corepool/protocol/agent";
import { WebSocket, WebSocketServer } from "ws";
import type { Seat, Seats } from "./seats.ts";

/** Bytes waiting for a peer that does not read; beyond, the connection is cut. */
const MOST_BUFFERED = 8 * 2 ** 20;
/** Messages taken from the network and not yet worked on; beyond, the socket is paused. */
const MOST_QUEUED = 32;
/** The same in bytes: whoever may connect, known or not, holds no more of our memory than this and one message. */
const MOST_QUEUED_BYTES = 2 * 2 ** 20;
const PING_MS = 20_000;
/** A peer that does not finish closing is cut off. */
const CLOSE_MS = 2_000;

/** One WebSocket as a Connection: text only, in order, paused while its reader is behind. */
export function socketConnection(socket: WebSocket): Connection {
  const queue: Buffer[] = [];
  let queuedBytes = 0;
  let wake: (() => void) | undefined;
  let over = false;
  let alive = true;

  const end = () => {
    over = true;
    clearInterval(pings);
    wake?.();
  };
  const close = (code: number, reason: string) => {
    socket.close(code, reason.slice(0, 120));
    setTimeout(() => socket.terminate(), CLOSE_MS).unref();
    end();
  };
  const pings = setInterval(() => {
    // A peer that answered none of a whole round is gone, whatever the network says.
    if (!alive) socket.terminate();
    alive = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, PING_MS);
  pings.unref();

  socket.on("pong", () => {
    alive = true;
  });
  socket.on("message", (data: Buffer, binary) => {
    if (over) return;
    alive = true;
    if (binary) {
      close(CLOSE.badMessage, "text messages only");
      return;
    }
    queue.push(data);
    queuedBytes += data.length;
    if (queue.length >= MOST_QUEUED || queuedBytes >= MOST_QUEUED_BYTES) socket.pause();
    wake?.();
  });
  socket.on("close", end);
  // An error is followed by close; there is nobody to tell but the reader, whose messages end.
  socket.on("error", () => undefined);

  return {
    close,
    async send(message) {
      if (socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > MOST_BUFFERED) {
        close(CLOSE.slow, "the agent does not read");
        return;
      }
      await new Promise<void>((resolve) => socket.send(message, () => resolve()));
    },
    messages: {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          const next = queue.shift();
          if (next !== undefined) {
            queuedBytes -= next.length;
            if (queue.length < MOST_QUEUED / 2 && queuedBytes < MOST_QUEUED_BYTES) socket.resume();
            yield next.toString("utf8");
            continue;
          }
          if (over) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
        }
      },
    },
  };
}

/** Refused connections that may be saying goodbye at once; beyond, they are cut without a word. */
const MOST_REFUSED = 256;

const WHY = {
  full: "this coordinator has as many agents as it takes; try another one or later",
  crowded: "too many connections from this address have not said hello yet",
} as const;

/** Takes over WebSocket upgrades of the agents' path, as long as there are seats; false for any other path. */
export function createUpgrade(seats: Seats, serve: (connection: Connection, seat: Seat) => Promise<void>) {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  let refused = 0;
  return (request: IncomingMessage, socket: Duplex, head: Buffer): boolean => {
    // Anything may stand there, also what is no URL.
    if (request.url?.split("?")[0] !== "/v1/agent") return false;
    const seat = seats.take(request.socket.remoteAddress ?? "unknown");
    if (typeof seat === "string") {
      if (refused >= MOST_REFUSED) {
        socket.destroy();
        return true;
      }
      refused++;
      socket.once("close", () => refused--);
      server.handleUpgrade(request, socket, head, (opened) => socketConnection(opened).close(CLOSE.tooMany, WHY[seat]));
      return true;
    }
    let served = false;
    // A handshake that fails, or a peer that hangs up during it, leaves without having been served.
    socket.once("close", () => {
      if (!served) seat.leave();
    });
    server.handleUpgrade(request, socket, head, (opened) => {
      served = true;
      void serve(socketConnection(opened), seat).finally(() => seat.leave());
    });
    return true;
  };
}
