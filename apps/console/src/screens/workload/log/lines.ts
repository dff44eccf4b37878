import { shownText } from "@corepool/core/log-text";

/** Which of a process's two outputs a line came from. */
export type LogSource = "stdout" | "stderr";

export interface LogLine {
  readonly text: string;
  readonly source: LogSource;
  /** When this page received it, milliseconds since the epoch; undefined for what was written before it listened. */
  readonly at: number | undefined;
}

/** Lines that a page holds; what is older is left out, and the download has it. */
export const MOST_LINES = 200_000;
/** Characters of a line; what is longer goes on in the next, so that no single line can hold up the page. */
export const MOST_CHARS = 4_096;
/** Old lines are let go of this many at a time. */
const SLACK = 20_000;

const ESC = String.fromCharCode(27);

/** A line whose end has not come. */
interface Open {
  readonly index: number;
  raw: string;
}

/**
 * A log as lines, built from pieces of bytes as they come: a piece may end within a line, or within a character. Lines
 * are numbered from 0 over the whole log; the oldest are let go beyond `MOST_LINES`.
 */
export class LogLines {
  #lines: LogLine[] = [];
  #first = 0;
  #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  #open: { stdout: Open | undefined; stderr: Open | undefined } = { stdout: undefined, stderr: undefined };
  readonly #most: number;

  constructor(most: number = MOST_LINES) {
    this.#most = most;
  }

  /** The number of the oldest line that is held. */
  get first(): number {
    return this.#first;
  }

  /** One more than the number of the newest line. */
  get end(): number {
    return this.#first + this.#lines.length;
  }

  line(index: number): LogLine | undefined {
    return this.#lines[index - this.#first];
  }

  /** Takes bytes of one of the two outputs, received at `at` (ms; undefined: long before). */
  append(source: LogSource, bytes: Uint8Array, at: number | undefined): void {
    const pieces = this.#decoders[source].decode(bytes, { stream: true }).split("\n");
    for (const [place, piece] of pieces.entries()) {
      const ends = place < pieces.length - 1;
      if (piece !== "" || (ends && this.#open[source] === undefined)) this.#write(source, piece, at);
      if (ends) this.#open[source] = undefined;
    }
    if (this.#lines.length > this.#most + Math.min(SLACK, this.#most)) {
      const gone = this.#lines.length - this.#most;
      this.#lines.splice(0, gone);
      this.#first += gone;
    }
  }

  #write(source: LogSource, piece: string, at: number | undefined): void {
    for (let rest = piece, begun = false; rest !== "" || !begun; begun = true) {
      const open = this.#open[source];
      const room = MOST_CHARS - (open?.raw.length ?? 0);
      const taken = rest.slice(0, room);
      rest = rest.slice(room);
      if (open === undefined) {
        this.#open[source] = { index: this.end, raw: taken };
        this.#lines.push({ text: shownText(taken), source, at });
      } else {
        open.raw += taken;
        // What a progress bar has overwritten need not be carried along.
        const over = open.raw.lastIndexOf("\r", open.raw.length - 2);
        if (over > 0 && !open.raw.includes(ESC)) open.raw = open.raw.slice(over);
        const before = this.line(open.index);
        if (before !== undefined) this.#lines[open.index - this.#first] = { ...before, text: shownText(open.raw) };
      }
      if (rest !== "") this.#open[source] = undefined;
    }
  }
}
