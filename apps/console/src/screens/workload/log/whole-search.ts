import type { FoundLogLine } from "@corepool/protocol/resources";
import { searchLog } from "@corepool/protocol/routes/records";
import { call } from "@corepool/sdk/call";
import type { Client } from "@corepool/sdk/client";
import { createStore, type Store } from "../../../app/store.ts";
import type { LogQuery } from "./finder.ts";
import { type LogLines, MOST_CHARS } from "./lines.ts";

/** Found lines that are shown before somebody asks for more. */
const AT_ONCE = 100;

/** How a search of the whole log stands. */
export interface WholeSearchState {
  readonly phase: "idle" | "searching" | "more" | "done" | "failed";
  readonly found: readonly FoundLogLine[];
  readonly searchedBytes: number;
  readonly logBytes: number;
  readonly error: unknown;
}

/** A search that the coordinator does, also in lines that this page does not hold. */
export interface WholeSearch {
  readonly store: Store<WholeSearchState>;
  /** Searches anew. */
  readonly start: (query: LogQuery) => Promise<void>;
  /** Goes on for as many lines again. */
  readonly more: () => Promise<void>;
  /** Stops, and forgets what was found. */
  readonly clear: () => void;
}

const IDLE: WholeSearchState = { phase: "idle", found: [], searchedBytes: 0, logBytes: 0, error: undefined };

/** Makes the search of one workload's newest log. Capital letters count as small ones, as in the page's own search. */
export function createWholeSearch(client: Client, workload: string): WholeSearch {
  const store = createStore(IDLE);
  let leave = new AbortController();
  let query: LogQuery | undefined;
  let cursor: string | null = null;

  const goOn = async (): Promise<void> => {
    if (query === undefined) return;
    const { text, source } = query;
    const { signal } = leave;
    const stream = source === "all" ? {} : { stream: source };
    store.set((now) => ({ ...now, phase: "searching", error: undefined }));
    try {
      for (let left = AT_ONCE; ; ) {
        const page = { limit: left, ...(cursor === null ? {} : { cursor }) };
        const input = { params: { id: workload }, query: { text, ignoreCase: "true" as const, ...stream, ...page } };
        const answer = await call(client, searchLog, input, { signal });
        if (signal.aborted) return;
        const { data, hasMore, nextCursor, searchedBytes, logBytes } = answer;
        cursor = nextCursor;
        left -= data.length;
        const phase = !hasMore ? "done" : left > 0 ? "searching" : "more";
        store.set((now) => ({ ...now, phase, found: [...now.found, ...data], searchedBytes, logBytes }));
        if (phase !== "searching") return;
      }
    } catch (error) {
      if (!signal.aborted) store.set((now) => ({ ...now, phase: "failed", error }));
    }
  };
  const clear = (): void => {
    leave.abort();
    leave = new AbortController();
    cursor = null;
    query = undefined;
    store.set(IDLE);
  };
  return {
    store,
    clear,
    more: goOn,
    start: (asked) => {
      clear();
      query = asked;
      return goOn();
    },
  };
}

/**
 * The page's own number of a found line, if it holds it. The page cuts long lines in several, so that those after them
 * have higher numbers here.
 */
export function placeOf(lines: LogLines, found: FoundLogLine): number | undefined {
  for (let at = Math.max(lines.first, found.number - 1); at < lines.end; at++) {
    const line = lines.line(at);
    if (line?.source !== found.stream) continue;
    if (line.text === found.text || (line.text.length === MOST_CHARS && found.text.startsWith(line.text))) return at;
  }
  return undefined;
}
