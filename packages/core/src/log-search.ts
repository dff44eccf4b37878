import { shownText, textMatcher } from "./log-text.ts";

export type LogStreamName = "stdout" | "stderr";

/** Bytes of one output at their place in the whole log. */
export interface LogPiece {
  readonly stream: LogStreamName;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** A line whose end has not come: its number, and the offset of its first byte that is not searched. */
interface OpenLine {
  readonly number: number;
  readonly start: number;
}

/** Where a search goes on. Every byte below `at` was looked at, but for those of open lines. */
export interface LogPlace {
  readonly at: number;
  /** Lines that have begun. */
  readonly lines: number;
  readonly stdout: OpenLine | undefined;
  readonly stderr: OpenLine | undefined;
}

export interface FoundLine {
  readonly stream: LogStreamName;
  /** Of the first byte of the text, in the whole log. */
  readonly offset: number;
  /** Lines are counted from 1 by their first bytes, both outputs together. */
  readonly number: number;
  /** As a terminal shows it. */
  readonly text: string;
}

export interface LogQuery {
  readonly text: string;
  readonly ignoreCase: boolean;
  readonly stream?: LogStreamName | undefined;
}

/** What bounds the memory of a search, and how far behind it a line may have begun. */
export interface LogSearchBounds {
  /** A longer line is searched in parts of so many bytes. */
  readonly lineBytes: number;
  /** A part repeats so many bytes of the one before, so that what lies across the cut is found. */
  readonly overlapBytes: number;
  /** A line that stays open while so many bytes, or pieces, of the log pass is searched as it is. */
  readonly openBytes: number;
  readonly openPieces: number;
}

const BOUNDS: LogSearchBounds = { lineBytes: 16_384, overlapBytes: 2_048, openBytes: 2 ** 20, openPieces: 2_000 };
const START: LogPlace = { at: 0, lines: 0, stdout: undefined, stderr: undefined };
const NEWLINE = 10;
/** UTF-8: the first two bits of a byte that continues a character. */
const CONTINUES = { mask: 0xc0, is: 0x80 } as const;

/** Used for one line at a time, which it leaves without a rest. */
const DECODER = new TextDecoder();

interface Held {
  readonly number: number;
  /** `taken`: which piece of the log it lay in. */
  parts: { readonly offset: number; readonly data: Uint8Array; readonly taken: number }[];
  bytes: number;
}

/**
 * Searches a log line by line, from any place where an earlier search stopped: what is found does not depend on where it
 * stops, nor on how the bytes come cut. The caller gives pieces in order, from `from` on.
 */
export class LogSearch {
  readonly #query: LogQuery;
  readonly #bounds: LogSearchBounds;
  readonly #matches: (line: string) => boolean;
  readonly #resumed: LogPlace;
  #at: number;
  #lines: number;
  #taken = 0;
  #held: { stdout: Held | undefined; stderr: Held | undefined };

  constructor(query: LogQuery, place: LogPlace = START, bounds: LogSearchBounds = BOUNDS) {
    this.#query = query;
    this.#bounds = bounds;
    this.#matches = textMatcher(query.text, query.ignoreCase);
    this.#resumed = place;
    this.#at = place.at;
    this.#lines = place.lines;
    const again = (open: OpenLine | undefined): Held | undefined =>
      open === undefined ? undefined : { number: open.number, parts: [], bytes: 0 };
    this.#held = { stdout: again(place.stdout), stderr: again(place.stderr) };
  }

  /** The offset from which pieces are needed: open lines begin before the place. */
  get from(): number {
    const { at, stdout, stderr } = this.#resumed;
    return Math.min(at, stdout?.start ?? at, stderr?.start ?? at);
  }

  /** Where another search with the same query goes on. Right whenever no piece is half taken, and after each line. */
  get place(): LogPlace {
    return { at: this.#at, lines: this.#lines, stdout: this.#openOf("stdout"), stderr: this.#openOf("stderr") };
  }

  /** Takes the next piece; yields the lines that end in it and hold the text. Whoever stops between two loses none. */
  *take(piece: LogPiece): Generator<FoundLine> {
    if (piece.offset + piece.data.length <= this.from) return;
    // Bytes that are kept nowhere may have ended any line.
    if (piece.offset > this.#at) {
      yield* this.end();
      this.#held = { stdout: undefined, stderr: undefined };
      this.#at = piece.offset;
    }
    this.#taken++;
    yield* this.#letGoOfOld(piece);
    const open = this.#resumed[piece.stream];
    const skipped = Math.max(0, (open?.start ?? this.#resumed.at) - piece.offset);
    let at = skipped;
    while (at < piece.data.length) {
      const newline = piece.data.indexOf(NEWLINE, at);
      const end = newline === -1 ? piece.data.length : newline;
      const held = this.#held[piece.stream] ?? this.#begin(piece.stream);
      const room = this.#bounds.lineBytes - held.bytes;
      const cut = end - at > room;
      const until = cut ? at + room : end;
      const data = piece.data.subarray(at, until);
      if (data.length > 0) held.parts.push({ offset: piece.offset + at, data, taken: this.#taken });
      held.bytes += data.length;
      const found = cut || newline !== -1 ? this.#match(piece.stream, held) : undefined;
      if (cut) this.#keepOverlap(held);
      else if (newline !== -1) this.#held[piece.stream] = undefined;
      at = until + (!cut && newline !== -1 ? 1 : 0);
      this.#at = Math.max(this.#at, piece.offset + at);
      if (found !== undefined) yield found;
    }
    this.#at = Math.max(this.#at, piece.offset + piece.data.length);
  }

  /** The lines without an end that hold the text: the log ends here, for now or for good. */
  *end(): Generator<FoundLine> {
    yield* this.#letGo("stdout");
    yield* this.#letGo("stderr");
  }

  #begin(stream: LogStreamName): Held {
    const held: Held = { number: ++this.#lines, parts: [], bytes: 0 };
    this.#held[stream] = held;
    return held;
  }

  #openOf(stream: LogStreamName): OpenLine | undefined {
    const held = this.#held[stream];
    return held === undefined ? undefined : { number: held.number, start: held.parts[0]?.offset ?? this.#at };
  }

  *#letGoOfOld(piece: LogPiece): Generator<FoundLine> {
    const { openBytes, openPieces } = this.#bounds;
    for (const stream of ["stdout", "stderr"] as const) {
      const first = this.#held[stream]?.parts[0];
      if (first === undefined) continue;
      if (this.#taken - first.taken > openPieces || piece.offset - first.offset > openBytes) yield* this.#letGo(stream);
    }
  }

  /** Searches what is held of a line, which goes on with what comes. */
  *#letGo(stream: LogStreamName): Generator<FoundLine> {
    const held = this.#held[stream];
    if (held === undefined) return;
    const found = this.#match(stream, held);
    Object.assign(held, { parts: [], bytes: 0 });
    if (found !== undefined) yield found;
  }

  #keepOverlap(held: Held): void {
    let left = held.bytes - this.#bounds.overlapBytes;
    const parts = held.parts.flatMap(({ offset, data, taken }) => {
      const gone = Math.min(left, data.length);
      left -= gone;
      return gone === data.length ? [] : { offset: offset + gone, data: data.subarray(gone), taken };
    });
    // A part begins with a whole character: three bytes of it at most are in the part before.
    for (let skipped = 0; skipped < 3; skipped++) {
      const [first] = parts;
      if (first === undefined || ((first.data[0] ?? 0) & CONTINUES.mask) !== CONTINUES.is) break;
      if (first.data.length === 1) parts.shift();
      else parts[0] = { ...first, offset: first.offset + 1, data: first.data.subarray(1) };
    }
    Object.assign(held, { parts, bytes: parts.reduce((sum, { data }) => sum + data.length, 0) });
  }

  #match(stream: LogStreamName, held: Held): FoundLine | undefined {
    const [first] = held.parts;
    if (first === undefined || (this.#query.stream ?? stream) !== stream) return undefined;
    const raw = held.parts.map(({ data }) => DECODER.decode(data, { stream: true })).join("");
    // A character that is cut at the end is dropped here: it stands whole in the next part.
    DECODER.decode();
    const text = shownText(raw);
    return this.#matches(text) ? { stream, offset: first.offset, number: held.number, text } : undefined;
  }
}
