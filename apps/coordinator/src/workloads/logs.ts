import type { Hex } from "@corepool/core/hex";
import type { LogChunkRecord, LogLimit } from "@corepool/core/ports/store-messages";
import type { Uow } from "../market/documents.ts";
import { attemptOn } from "./progress.ts";

/** Bytes of an attempt's log that are kept; what comes beyond is taken in and dropped. */
export const KEPT_BYTES = 64 * 2 ** 20;

/** Bytes of a chunk that is put together from several pieces. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Takes pieces of an attempt's log, in the order in which they came. Bytes that are there already are ignored, a piece
 * beyond the end is not taken (the agent goes on at the answer). Resolves with the offset up to which the log is taken in.
 * Rejects with `not-found` when the attempt is not the machine's.
 */
export async function takeLog(
  uow: Uow,
  machine: Hex,
  attempt: string,
  pieces: readonly Omit<LogChunkRecord, "attempt">[],
): Promise<number> {
  await attemptOn(uow, machine, attempt);
  const end = await uow.logs.end(attempt);
  let { taken, kept } = end;
  const fresh: LogChunkRecord[] = [];
  for (const piece of pieces) {
    const after = piece.offset + piece.data.length;
    if (piece.offset > taken || after <= taken) continue;
    const chunk = fromOffset({ attempt, ...piece }, taken);
    taken = after;
    if (kept + chunk.data.length > KEPT_BYTES) continue;
    kept += chunk.data.length;
    fresh.push(chunk);
  }
  if (taken > end.taken) await uow.logs.append(attempt, taken, joined(fresh, CHUNK_BYTES));
  return taken;
}

/** What of a chunk lies at or after `offset`. */
export function fromOffset(chunk: LogChunkRecord, offset: number): LogChunkRecord {
  const skip = Math.max(0, offset - chunk.offset);
  return skip === 0 ? chunk : { ...chunk, offset: chunk.offset + skip, data: chunk.data.subarray(skip) };
}

/** The first of the rows that are within a limit. `sizeOf`: bytes of one. */
export function within<T>(rows: readonly T[], limit: LogLimit, sizeOf: (row: T) => number): readonly T[] {
  let bytes = 0;
  const beyond = rows.findIndex((row, i) => {
    bytes += sizeOf(row);
    return i > 0 && (i >= limit.chunks || bytes > limit.bytes);
  });
  return beyond === -1 ? rows : rows.slice(0, beyond);
}

/** The same bytes in fewer chunks: what follows at once on the same stream is put together, up to `most` bytes. */
export function joined(chunks: readonly LogChunkRecord[], most: number): readonly LogChunkRecord[] {
  const groups: LogChunkRecord[][] = [];
  let size = 0;
  for (const chunk of chunks) {
    const group = groups.at(-1);
    size += chunk.data.length;
    const last = group?.at(-1);
    const follows = last?.stream === chunk.stream && last.offset + last.data.length === chunk.offset;
    if (group !== undefined && follows && size <= most) group.push(chunk);
    else {
      groups.push([chunk]);
      size = chunk.data.length;
    }
  }
  return groups.flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return group.length === 1 ? first : { ...first, data: Buffer.concat(group.map(({ data }) => data)) };
  });
}
