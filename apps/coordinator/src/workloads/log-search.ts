import { CorepoolError } from "@corepool/core/errors";
import { type FoundLine, type LogPlace, type LogQuery, LogSearch } from "@corepool/core/log-search";
import type { MarketStore } from "../market/documents.ts";
import { LOG_PAGE } from "./log-stream.ts";

/** Pages that a search looks at in one call at most: longer logs take several. */
const MOST_PAGES = 4;

export interface SearchedLog {
  readonly found: readonly FoundLine[];
  /** Where the search goes on; undefined when it has seen all that is stored. */
  readonly next: LogPlace | undefined;
  /** Bytes of the log looked at so far, by this call and those before. */
  readonly searched: number;
}

/**
 * Looks for lines in a bounded stretch of an attempt's log, from `place` on.
 * @param most lines that are found at most
 */
export async function searchStoredLog(
  store: MarketStore,
  attempt: string,
  query: LogQuery,
  place: LogPlace | undefined,
  most: number,
): Promise<SearchedLog> {
  const search = new LogSearch(query, place);
  const found: FoundLine[] = [];
  const full = (lines: Iterable<FoundLine>): boolean => {
    for (const line of lines) if (found.push(line) >= most) return true;
    return false;
  };
  const goOn = (): SearchedLog => ({ found, next: search.place, searched: search.place.at });
  for (let pages = 0, { from } = search; pages < MOST_PAGES; pages++) {
    const chunks = await store.transaction((uow) => uow.logs.read(attempt, from, LOG_PAGE));
    for (const chunk of chunks) {
      if (full(search.take(chunk))) return goOn();
      from = chunk.offset + chunk.data.length;
    }
    if (chunks.length > 0) continue;
    // The lines without an end come last: what stopped among them has nothing left but the others.
    if (full(search.end())) return goOn();
    return { found, next: undefined, searched: search.place.at };
  }
  return goOn();
}

const POSITION = /^(att_[0-9a-z]{10,40}) (\d{1,15})(?: o(\d{1,15}):(\d{1,15}))?(?: e(\d{1,15}):(\d{1,15}))?$/;

/** A place in an attempt's log as the text of a cursor, beside `place.at`. */
export function formatPlace(attempt: string, { lines, stdout, stderr }: LogPlace): string {
  const open = (name: string, line: LogPlace["stdout"]): string =>
    line === undefined ? "" : ` ${name}${line.number}:${line.start}`;
  return `${attempt} ${lines}${open("o", stdout)}${open("e", stderr)}`;
}

/** Rejects with `bad-cursor` what `formatPlace` did not make. */
export function parsePlace(text: string, at: number): { readonly attempt: string; readonly place: LogPlace } {
  const [, attempt, lines, stdout, stdoutFrom, stderr, stderrFrom] = POSITION.exec(text) ?? [];
  if (attempt === undefined) throw strangeCursor();
  const open = (number: string | undefined, start: string | undefined) =>
    number === undefined ? undefined : { number: Number(number), start: Number(start) };
  const place = { at, lines: Number(lines), stdout: open(stdout, stdoutFrom), stderr: open(stderr, stderrFrom) };
  return { attempt, place };
}

export function strangeCursor(): CorepoolError {
  return new CorepoolError("bad-cursor", {
    detail: "The cursor was not made by a search of this log.",
    next: "Start again without a cursor.",
  });
}
