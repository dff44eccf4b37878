import type { Clock } from "@corepool/core/ports/clock";
import type { Notifier } from "@corepool/core/ports/notifier";
import type { LogChunkRecord, LogLimit } from "@corepool/core/ports/store-messages";
import type { LogRecord } from "@corepool/protocol/resources";
import type { MarketStore } from "../market/documents.ts";
import type { SseWriter } from "../platform/http/sse.ts";
import { logTopic } from "./log-repository.ts";
import { fromOffset, joined } from "./logs.ts";
import { newestAttempt } from "./own.ts";

export interface LogStreamParts {
  readonly store: MarketStore;
  readonly notifier: Notifier;
  readonly clock: Clock;
}

/** Read at once: a slow reader holds no more than that. */
export const LOG_PAGE: LogLimit = { chunks: 4_096, bytes: 2 ** 20 };
/** A reader gets no longer piece in one event; shorter ones that follow each other come together. */
const EVENT_BYTES = 64 * 1024;
/** Readers look by themselves too: notifications may be lost. */
const LOOK_MS = 1_000;

const recordOf = (chunk: LogChunkRecord): LogRecord => ({
  attempt: chunk.attempt,
  stream: chunk.stream,
  offset: chunk.offset,
  data: Buffer.from(chunk.data).toString("base64"),
});

/**
 * Writes a workload's log from `offset` on, no faster than the client reads. Ends at its present end, or with `follow`
 * once the attempt has ended; then the last event is `end`.
 */
export async function streamLog(
  parts: LogStreamParts,
  workload: string,
  options: { readonly offset: number; readonly follow: boolean },
  writer: SseWriter,
): Promise<void> {
  const { store, notifier, clock } = parts;
  let { offset } = options;
  let wake: () => void = () => undefined;
  let unsubscribe: (() => void) | undefined;
  try {
    while (!writer.signal.aborted) {
      const awake = new AbortController();
      wake = () => awake.abort();
      // Whether it is over is asked before its log is read: what was stored by then is all there will ever be.
      const { attempt, chunks, over } = await store.transaction(async (uow) => {
        const found = await uow.workloads.get(workload);
        const newest = await newestAttempt(uow, workload);
        return {
          attempt: newest,
          over: newest?.state === "ended" || found === undefined || found.endedAt !== null,
          chunks: newest === undefined ? [] : await uow.logs.read(newest.id, offset, LOG_PAGE),
        };
      });
      if (attempt !== undefined) unsubscribe ??= notifier.subscribe(logTopic(attempt.id), () => wake());
      for (const chunk of joined(chunks, EVENT_BYTES)) {
        const piece = fromOffset(chunk, offset);
        offset = piece.offset + piece.data.length;
        await writer.send({ id: String(offset), event: "log", data: JSON.stringify(recordOf(piece)) });
      }
      if (chunks.length > 0) continue;
      if (over || !options.follow) {
        await writer.send({ event: "end", data: JSON.stringify({ offset, finished: over }) });
        return;
      }
      // Woken, stopped, or time to look again.
      await clock.sleep(LOOK_MS, AbortSignal.any([awake.signal, writer.signal])).catch(() => undefined);
    }
  } finally {
    unsubscribe?.();
  }
}
