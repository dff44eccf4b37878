import { watch } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogChunk, LogPage } from "@corepool/core/ports/runtime";

/** Bytes before each record: stream and length as 32-bit words, boot time in ns; little endian (x64 and arm64). */
const HEADER = 16;
/** Init never writes a longer record. */
const MAX_RECORD = 65_536;
const STREAMS = { 1: "stdout", 2: "stderr", 3: "notice" } as const;

const streamOf = (code: number): LogChunk["stream"] | undefined =>
  code === 1 || code === 2 || code === 3 ? STREAMS[code] : undefined;

/**
 * Whole records from `offset` on, about `maxBytes` of them but at least one if there is one. Offsets are positions in
 * the file; one that is not a record's start is refused, because the bytes there are the workload's choice.
 */
async function readRecords(file: FileHandle, offset: number, maxBytes: number): Promise<LogPage> {
  const buffer = Buffer.allocUnsafe(Math.min(Math.max(maxBytes, HEADER + MAX_RECORD), 8 << 20));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
  const chunks: LogChunk[] = [];
  let at = 0;
  while (at + HEADER <= bytesRead) {
    const stream = streamOf(buffer.readUInt32LE(at));
    const size = buffer.readUInt32LE(at + 4);
    if (stream === undefined || size > MAX_RECORD)
      throw new RangeError(`${offset} is not a position that the log gave out.`);
    const end = at + HEADER + size;
    if (end > bytesRead || (chunks.length > 0 && end > maxBytes)) break;
    chunks.push({
      stream,
      bytes: buffer.subarray(at + HEADER, end),
      bootNs: buffer.readBigUInt64LE(at + 8),
      next: offset + end,
    });
    at = end;
  }
  return { chunks, next: offset + at };
}

/** One page of the log at `path`; an empty one when nothing was written after `offset` yet. */
export async function readLogFile(path: string, offset: number, maxBytes: number): Promise<LogPage> {
  const file = await open(path, "r");
  try {
    return await readRecords(file, offset, maxBytes);
  } finally {
    await file.close();
  }
}

/** How long a follower may overlook a change that the kernel did not announce. */
const RECHECK_MS = 1_000;
const PAGE_BYTES = 256 * 1024;

/** All records from `offset` on, and further ones as they come, until `ended` settles or `signal` aborts. */
export async function* followLogFile(
  path: string,
  offset: number,
  ended: Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<LogChunk> {
  const file = await open(path, "r");
  let wake = Promise.withResolvers<void>();
  let over = false;
  const watcher = watch(path, () => wake.resolve());
  watcher.on("error", () => watcher.close());
  const onEnd = (): void => {
    over = true;
    wake.resolve();
  };
  ended.then(onEnd, onEnd);
  signal?.addEventListener("abort", onEnd);
  try {
    for (let at = offset; !signal?.aborted; ) {
      // Noted before reading: what is written while we read must wake us.
      wake = Promise.withResolvers();
      const last = over;
      const page = await readRecords(file, at, PAGE_BYTES);
      for (const chunk of page.chunks) {
        if (signal?.aborted) return;
        yield chunk;
      }
      at = page.next;
      if (page.chunks.length > 0) continue;
      if (last) return;
      if (!over) await Promise.race([wake.promise, sleep(RECHECK_MS, undefined, { ref: false })]);
    }
  } finally {
    watcher.close();
    signal?.removeEventListener("abort", onEnd);
    await file.close();
  }
}
