import type { Clock } from "@corepool/core/ports/clock";

/** A server-sent event. `data` must not be empty; newlines in it are split over data lines. */
export interface SseEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: string;
}

export interface SseOptions {
  readonly clock: Clock;
  /** The call's signal: gone client or stopping server. */
  readonly signal: AbortSignal;
  /** Asked again while the stream lives: once it says no, nothing more is sent. */
  readonly stillAllowed: () => Promise<boolean>;
  /** Longest life of one connection; the client reconnects with Last-Event-ID. Default one hour. */
  readonly maxAgeMs?: number;
  readonly heartbeatMs?: number;
}

/** Hands events to one client, no faster than it reads. */
export interface SseWriter {
  /** Resolves when the client can take more; rejects when it is gone. */
  send(event: SseEvent): Promise<void>;
  /** Aborted when the stream is over, for whatever reason. */
  readonly signal: AbortSignal;
}

/** Bytes kept for a slow client before `send` waits. */
const BUFFER_BYTES = 64 * 1024;
/** A client that takes nothing for so long is cut off. */
const STALL_MS = 30_000;
const HEARTBEAT_MS = 15_000;
const MAX_AGE_MS = 3600_000;
/** Nothing is sent on an older answer to whether the caller may read it: a revoked key reads no longer than that. */
const ALLOWED_MS = 1_000;
const RETRY_MS = 1_000;

/** Value of Last-Event-ID, undefined when none was sent. */
export function lastEventId(request: Request): string | undefined {
  const id = request.headers.get("last-event-id");
  return id === null || id === "" ? undefined : id;
}

function encode(event: SseEvent): string {
  const head = `${event.id === undefined ? "" : `id: ${event.id}\n`}${event.event === undefined ? "" : `event: ${event.event}\n`}`;
  const lines = event.data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${head}${lines.join("")}\n`;
}

/**
 * Answers with a stream of server-sent events that `source` writes. The stream ends when `source` returns, the client
 * goes, the server stops, the connection is too old, its caller may not read it any more, or the client reads nothing
 * for half a minute; in every case the writer's signal is aborted, and `source` must return soon after. A comment every
 * 15 s keeps the connection alive.
 */
export function sse(options: SseOptions, source: (writer: SseWriter) => Promise<void>): Response {
  const { clock } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const encoder = new TextEncoder();
  let wake: (() => void) | undefined;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  const hasRoom = () => (controller?.desiredSize ?? 0) > 0;
  const room = async (): Promise<void> => {
    const deadline = clock.monotonic() + STALL_MS;
    while (!hasRoom()) {
      signal.throwIfAborted();
      if (clock.monotonic() >= deadline) over.abort(new Error("the client reads nothing"));
      const pulled = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const patience = new AbortController();
      await Promise.race([
        pulled,
        clock.sleep(1_000, AbortSignal.any([signal, patience.signal])).catch(() => undefined),
      ]);
      patience.abort();
    }
  };

  let askedAt = clock.monotonic();
  const checkAllowed = async (): Promise<void> => {
    if (clock.monotonic() - askedAt < ALLOWED_MS) return;
    const asked = clock.monotonic();
    if (!(await options.stillAllowed())) over.abort(new Error("the caller may not read this any more"));
    askedAt = asked;
    signal.throwIfAborted();
  };

  const beat = async (): Promise<void> => {
    const oldest = clock.monotonic() + (options.maxAgeMs ?? MAX_AGE_MS);
    while (!signal.aborted) {
      await clock.sleep(options.heartbeatMs ?? HEARTBEAT_MS, signal);
      await checkAllowed();
      if (hasRoom()) controller?.enqueue(encoder.encode(": alive\n\n"));
      if (clock.monotonic() >= oldest) over.abort(new Error("the connection is too old"));
    }
  };

  const run = async (): Promise<void> => {
    try {
      await source({
        signal,
        async send(event) {
          signal.throwIfAborted();
          await checkAllowed();
          controller?.enqueue(encoder.encode(encode(event)));
          await room();
        },
      });
    } catch (error) {
      if (!signal.aborted) controller?.error(error);
    } finally {
      over.abort(new Error("the stream is over"));
      closeQuietly(controller);
    }
  };

  const stream = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        given.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
        signal.addEventListener("abort", () => closeQuietly(given), { once: true });
        beat().catch((error) => over.abort(error));
        // Its failures end the stream; there is nobody else to tell.
        run().catch(() => undefined);
      },
      pull() {
        wake?.();
      },
      cancel(reason) {
        over.abort(reason);
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: BUFFER_BYTES }),
  );
  return new Response(stream, {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    },
  });
}

/** Closing what is already closed or errored is no event. */
function closeQuietly(controller: ReadableStreamDefaultController<Uint8Array> | undefined): void {
  try {
    controller?.close();
  } catch {
    return;
  }
}
