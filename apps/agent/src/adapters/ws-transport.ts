import { CorepoolError } from "@corepool/core/errors";
import type { Connection, Transport } from "@corepool/core/ports/transport";
import { CLOSE, MAX_MESSAGE_BYTES } from "@corepool/protocol/agent";
import { type RawData, WebSocket } from "ws";

const PING_MS = 10_000;
const HANDSHAKE_MS = 10_000;
/** Messages read ahead; beyond it the socket is paused and the coordinator feels it. */
const READ_AHEAD = 64;

/** WebSockets to a coordinator. A peer that answers no ping for two periods counts as gone. */
export const wsTransport: Transport = {
  dial(url, signal) {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const socket = new WebSocket(url, {
      maxPayload: MAX_MESSAGE_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
    });
    const connection = connectionOf(socket);
    const stop = () => socket.terminate();
    signal.addEventListener("abort", stop, { once: true });
    socket.once("open", () => resolve(connection));
    socket.once("close", () => signal.removeEventListener("abort", stop));
    socket.on("error", (cause) =>
      reject(
        new CorepoolError("coordinator-unreachable", {
          detail: `The coordinator at ${new URL(url).host} did not answer: ${cause.message}.`,
          next: "Wait; the agent tries again.",
          cause,
        }),
      ),
    );
    return promise;
  },
};

/** The text of a message, in whatever pieces it came. */
function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.from(data as Uint8Array<ArrayBuffer>).toString("utf8");
}

function connectionOf(socket: WebSocket): Connection {
  const queue: string[] = [];
  let ended = false;
  let wake = Promise.withResolvers<void>();
  let alive = true;
  const pulse = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, PING_MS);
  socket.on("pong", () => {
    alive = true;
  });
  socket.on("message", (data, isBinary) => {
    alive = true;
    if (isBinary) return socket.close(CLOSE.badMessage, "text only");
    queue.push(textOf(data));
    if (queue.length >= READ_AHEAD) socket.pause();
    wake.resolve();
  });
  socket.once("close", () => {
    ended = true;
    clearInterval(pulse);
    wake.resolve();
  });

  async function* messages(): AsyncGenerator<string> {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) {
        if (queue.length < READ_AHEAD / 2) socket.resume();
        yield next;
        continue;
      }
      if (ended) return;
      await wake.promise;
      wake = Promise.withResolvers();
    }
  }

  return {
    messages: messages(),
    send: (message) =>
      new Promise((resolve, reject) => {
        socket.send(message, (error) => (error ? reject(error) : resolve()));
      }),
    close: (code, reason) => socket.close(code, reason),
  };
}
