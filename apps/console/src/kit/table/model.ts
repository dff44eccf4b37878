import type { ReactNode } from "react";
import { z } from "zod";

/** What a column is sorted, searched and exported by. */
export type Value = string | number | bigint | boolean | undefined;

/** One column of a table. */
export interface Column<T> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: T) => ReactNode;
  /** Without it the column can neither be sorted nor exported. Money: base units as bigint. */
  readonly value?: (row: T) => Value;
  /** Pixels; the last column without one takes what is left. */
  readonly width?: number;
  readonly align?: "end";
  /** Not shown until it is chosen. */
  readonly hidden?: true;
  /** Not shown on phones. */
  readonly wide?: true;
}

/** The column that stands at the right edge of a phone. */
export function lastOnPhone<T>(columns: readonly Column<T>[]): Column<T> | undefined {
  return columns.findLast((column) => column.wide !== true);
}

/** What a table keeps in the URL. A screen's own filters extend it. */
export const tableSearch = z.object({
  /** A column's id, with `-` before it for the largest first. */
  sort: z.string().max(80).optional().catch(undefined),
  q: z.string().max(200).optional().catch(undefined),
  /** Ids of the columns on screen, with commas between; absent: those that are not `hidden`. */
  cols: z.string().max(1000).optional().catch(undefined),
  /** Id of the row that the inspector shows. */
  open: z.string().max(200).optional().catch(undefined),
});
export type TableSearch = z.output<typeof tableSearch>;

function compare(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return a.localeCompare(b, undefined, { numeric: true });
  return (a ?? 0) < (b ?? 0) ? -1 : (a ?? 0) > (b ?? 0) ? 1 : 0;
}

/** Rows in the order that `sort` asks for; equal ones keep theirs, and those without a value come last either way. */
export function sortRows<T>(rows: readonly T[], columns: readonly Column<T>[], sort: string | undefined): readonly T[] {
  const down = sort?.startsWith("-") === true;
  const value = columns.find((column) => column.id === (down ? sort?.slice(1) : sort))?.value;
  if (value === undefined) return rows;
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort((a, b) => {
    if (a.key === undefined || b.key === undefined)
      return (a.key === undefined ? 1 : 0) - (b.key === undefined ? 1 : 0);
    return down ? compare(b.key, a.key) : compare(a.key, b.key);
  });
  return keyed.map(({ row }) => row);
}

/** The next sort when a column's head is pressed: up, down, as it came. */
export function nextSort(sort: string | undefined, id: string): string | undefined {
  return sort === id ? `-${id}` : sort === `-${id}` ? undefined : id;
}

/** Rows in which every word of `q` occurs in some column's value. */
export function searchRows<T>(rows: readonly T[], columns: readonly Column<T>[], q: string | undefined): readonly T[] {
  const words = (q ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns
      .map((column) => String(column.value?.(row) ?? ""))
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The columns on screen. Unknown ids are left out; with none left, the initial ones stand. */
export function shownColumns<T>(columns: readonly Column<T>[], cols: string | undefined): readonly Column<T>[] {
  const initial = columns.filter((column) => column.hidden !== true);
  if (cols === undefined) return initial;
  const ids = cols.split(",");
  const chosen = columns.filter((column) => ids.includes(column.id));
  return chosen.length === 0 ? initial : chosen;
}

/** A field of RFC 4180. What a spreadsheet would take for a formula is led by an apostrophe. */
function field(value: Value): string {
  const text = String(value ?? "");
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows as CSV (RFC 4180) with a line of headers, by the columns that have a value. */
export function toCsv<T>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const kept = columns.filter((column) => column.value !== undefined);
  const lines = [
    kept.map((column) => field(column.header)),
    ...rows.map((row) => kept.map((column) => field(column.value?.(row)))),
  ];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

/** Which rows of a list of equally high ones are on screen, with some more above and below. */
export function windowOf(
  count: number,
  rowHeight: number,
  scrollTop: number,
  height: number,
  more = 8,
): readonly [number, number] {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - more);
  const to = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + more);
  return [Math.min(from, count), Math.max(Math.min(from, count), to)];
}
