import { createHash } from "node:crypto";
import { CorepoolError } from "@corepool/core/errors";
import { z } from "zod";
import { isPlainText } from "./plain-text.ts";

/** Where a list goes on: the sort key of the last row of the page before. */
export interface Position {
  /** Milliseconds since the epoch of the row's `created_at`. */
  readonly at: number;
  readonly id: string;
}

/** End of the year 9999: what a database takes for a time. */
const LATEST_MS = 253_402_300_799_999;

const cursorSchema = z.strictObject({
  v: z.literal(1),
  f: z.string(),
  at: z.int().min(0).max(LATEST_MS),
  id: z.string().max(200).refine(isPlainText),
});

/** Hash of a list's identity and filter: a cursor of one list is not taken for another. */
function filterHash(list: string, filter: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([list, entries]))
    .digest("base64url")
    .slice(0, 16);
}

/**
 * Cursor paging by (created_at, id) for one list. `list`: its operation id, and whose it is when it is somebody's;
 * `filter`: every query value but limit and cursor.
 */
export function pager(
  list: string,
  filter: Readonly<Record<string, unknown>>,
): {
  /** Where to go on; undefined at the start. Rejects with `bad-cursor` what another list, filter or version made. */
  readonly after: (cursor: string | undefined) => Position | undefined;
  /** Makes the page from up to limit + 1 rows. */
  readonly page: <Row, View>(
    rows: readonly Row[],
    limit: number,
    position: (row: Row) => Position,
    view: (row: Row) => View,
  ) => { data: View[]; nextCursor: string | null; hasMore: boolean };
  /** The cursor with which a list goes on behind a position. */
  readonly cursor: (position: Position) => string;
} {
  const hash = filterHash(list, filter);
  const cursor = (position: Position): string =>
    Buffer.from(JSON.stringify({ v: 1, f: hash, ...position })).toString("base64url");
  return {
    cursor,
    after(given) {
      if (given === undefined) return undefined;
      const parsed = cursorSchema.safeParse(decode(given));
      if (parsed.success && parsed.data.f === hash) return { at: parsed.data.at, id: parsed.data.id };
      throw new CorepoolError("bad-cursor", {
        detail: "The cursor was not made by this list with these filters.",
        next: "Start again without a cursor, and keep the filters while you page.",
      });
    },
    page(rows, limit, position, view) {
      const data = rows.slice(0, limit);
      const last = data.at(-1);
      const hasMore = rows.length > limit;
      const nextCursor = hasMore && last !== undefined ? cursor(position(last)) : null;
      return { data: data.map(view), nextCursor, hasMore };
    },
  };
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
