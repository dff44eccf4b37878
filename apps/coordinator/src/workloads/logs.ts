import type { Hex } from "@corepool/core/hex";
import type { LogChunkRecord, LogLimit } from "@corepool/core/ports/store-messages";
import type { Uow } from "../market/documents.ts";
import { attemptOn } from "./progress.ts";

/** Bytes of an attempt's log that are kept; what comes beyond is taken in and dropped. */
export const KEPT_BYTES = 64 * 2 ** 20;

/**
 * Takes a piece of an attempt's log. Bytes that are there already are ignored, a piece beyond the end is not taken (the
 * agent goes on at the answer). Resolves with the offset up to which the log is taken in.
 */
export async function takeLog(
  uow: Uow,
  machine: Hex,
  piece: {
    readonly attempt: string;
    readonly stream: "stdout" | "stderr";
    readonly offset: number;
    readonly data: Uint8Array;
  },
): Promise<number> {
  await attemptOn(uow, machine, piece.attempt);
  const { taken, kept } = await uow.logs.end(piece.attempt);
  const end = piece.offset + piece.data.length;
  if (piece.offset > taken || end <= taken) return taken;
  const data = piece.data.subarray(taken - piece.offset);
  await uow.logs.append(
    { attempt: piece.attempt, stream: piece.stream, offset: taken, data },
    kept + data.length <= KEPT_BYTES,
  );
  return end;
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

/** The same bytes in fewer chunks: what follows on the same stream is put together, up to `most` bytes. */
export function joined(chunks: readonly LogChunkRecord[], most: number): readonly LogChunkRecord[] {
  const groups: LogChunkRecord[][] = [];
  let size = 0;
  for (const chunk of chunks) {
    const group = groups.at(-1);
    size += chunk.data.length;
    if (group !== undefined && group[0]?.stream === chunk.stream && size <= most) group.push(chunk);
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
