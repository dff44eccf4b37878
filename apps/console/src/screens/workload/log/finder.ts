import { textMatcher } from "@corepool/core/log-text";
import type { LogLine, LogLines, LogSource } from "./lines.ts";

/** What is looked for. `text` empty: every line of the source. */
export interface LogQuery {
  readonly text: string;
  readonly source: LogSource | "all";
}

/** Lines that are looked at before the clock is. */
const STRIDE = 2_000;

/** Whether a query leaves lines out. */
export function isNarrow(query: LogQuery): boolean {
  return query.text !== "" || query.source !== "all";
}

function matcherOf({ text, source }: LogQuery): (line: LogLine) => boolean {
  const holds = textMatcher(text, true);
  return (line) => (source === "all" || line.source === source) && (text === "" || holds(line.text));
}

/**
 * The numbers of the lines that a query finds. It looks at each line once, a stretch of time at a time, and goes on where
 * it was when more have come. The newest line is looked at again: it may have grown.
 */
export class LogFinder {
  #query: LogQuery = { text: "", source: "all" };
  #matches = matcherOf(this.#query);
  #found: number[] = [];
  #next = 0;

  get query(): LogQuery {
    return this.#query;
  }

  /** Rising. Lines that the log has let go of are left out. */
  get found(): readonly number[] {
    return this.#found;
  }

  /** Looks for something else from now on. */
  ask(query: LogQuery): void {
    if (query.text === this.#query.text && query.source === this.#query.source) return;
    this.#query = query;
    this.#matches = matcherOf(query);
    this.#found = [];
    this.#next = 0;
  }

  /** Goes on for at most `budgetMs`; true when every line has been looked at. */
  step(lines: LogLines, budgetMs: number, clock: () => number): boolean {
    if (!isNarrow(this.#query)) return true;
    const until = clock() + budgetMs;
    if (this.#found.length > 0 && (this.#found[0] ?? 0) < lines.first)
      this.#found = this.#found.filter((each) => each >= lines.first);
    let at = Math.max(lines.first, this.#next - 1);
    if (this.#found.at(-1) === at) this.#found = this.#found.slice(0, -1);
    while (at < lines.end) {
      const stop = Math.min(at + STRIDE, lines.end);
      for (; at < stop; at++) {
        const line = lines.line(at);
        if (line !== undefined && this.#matches(line)) this.#found.push(at);
      }
      this.#next = at;
      if (clock() >= until) break;
    }
    return at >= lines.end;
  }
}

/** The found line after (`1`) or before (`-1`) line `from`, going round at the ends; undefined when there is none. */
export function nextFound(found: readonly number[], from: number, step: 1 | -1): number | undefined {
  if (step === 1) return found.find((each) => each > from) ?? found[0];
  return found.findLast((each) => each < from) ?? found.at(-1);
}
