import { logRecord } from "@corepool/protocol/resources";
import { streamLogs } from "@corepool/protocol/routes/workloads";
import { type Client, patient } from "@corepool/sdk/client";
import { followEvents } from "@corepool/sdk/sse";
import { createStore, type Store } from "../../../app/store.ts";
import { LogLines } from "./lines.ts";

/** How a log stands. `version` rises with every change of the lines. */
export interface LogState {
  readonly version: number;
  readonly phase: "reading" | "broken" | "over" | "failed";
  readonly lines: LogLines;
  /** The attempt whose log it is; undefined until its first byte. */
  readonly attempt: string | undefined;
  /** Bytes that were left out on the way, because they are kept nowhere. */
  readonly missing: number;
  readonly error: unknown;
}

/** A log that is read as it is written, for as long as somebody wants it. */
export interface LogReader {
  readonly store: Store<LogState>;
  /** Reads until the log is over or `signal` aborts. Goes on behind what it has after every break. */
  readonly read: (signal: AbortSignal) => Promise<void>;
}

/** Longest stretch without giving the page its turn, milliseconds. */
const SLICE_MS = 8;
/** A pause as long as this between pieces means that what was written before has been read. */
const CAUGHT_UP_MS = 300;
/** A page that is left open waits for its coordinator for a day. */
const PATIENCE_MS = 24 * 3_600_000;

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** What the reader needs of the page. */
export interface Page {
  /** Calls once before a picture that comes soon is drawn. */
  readonly beforePaint: (work: () => void) => void;
  /** Lets everything else that waits have its turn. */
  readonly turn: () => Promise<void>;
  readonly now: () => number;
}

interface Scheduler {
  readonly yield?: () => Promise<void>;
}

/** The browser's own turns and pictures. */
export const browserPage: Page = {
  // Sixteen pictures a second are as many as anybody reads.
  beforePaint: (work) => void setTimeout(() => requestAnimationFrame(work), 60),
  turn: () => {
    const { scheduler } = globalThis as { readonly scheduler?: Scheduler };
    if (scheduler?.yield !== undefined) return scheduler.yield();
    return new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve();
      channel.port2.postMessage(undefined);
    });
  },
  now: () => Date.now(),
};

/**
 * Reads the log of a workload's newest attempt from its first byte. Pieces are taken in stretches of a few milliseconds,
 * and the page is told once per picture, so that thousands of lines a second leave it free.
 * @param stamped whether lines that come now are being written now, so that their arrival is worth a time
 */
export function createLogReader(
  client: Client,
  workload: string,
  stamped: () => boolean,
  page: Page = browserPage,
): LogReader {
  const fresh = (): LogState => ({
    version: 0,
    phase: "reading",
    lines: new LogLines(),
    attempt: undefined,
    missing: 0,
    error: undefined,
  });
  const store = createStore<LogState>(fresh());
  let state = store.get();
  let drawn = true;
  const tell = (change: Partial<LogState>): void => {
    state = { ...state, ...change, version: state.version + 1 };
    if (!drawn) return;
    drawn = false;
    page.beforePaint(() => {
      drawn = true;
      store.set(state);
    });
  };

  const once = async (signal: AbortSignal): Promise<"over" | "again"> => {
    let offset = 0;
    let caughtUp = false;
    let heardAt: number | undefined;
    let sliceFrom = performance.now();
    const lasting = patient(client, PATIENCE_MS);
    const told: Client = {
      ...lasting,
      fetch: async (url, init) => {
        const response = await lasting.fetch(url, init);
        if (response.ok && state.phase === "broken") tell({ phase: "reading" });
        return response;
      },
    };
    const events = followEvents(
      told,
      streamLogs,
      (lastId) => ({ params: { id: workload }, query: { offset: Number(lastId ?? 0), follow: "true" as const } }),
      {
        signal,
        onGap: () => {
          caughtUp = false;
          heardAt = undefined;
          tell({ phase: "broken" });
        },
      },
    );
    for await (const { event, data } of events) {
      if (event === "end") return "over";
      if (event !== "log") continue;
      const parsed = logRecord.safeParse(JSON.parse(data));
      if (!parsed.success) continue;
      const { attempt, stream, offset: at, data: base64 } = parsed.data;
      if (state.attempt !== undefined && state.attempt !== attempt) {
        // Another attempt began: its log is read from its own first byte.
        state = { ...fresh(), version: state.version };
        offset = 0;
        if (at > 0) return "again";
      }
      const bytes = bytesOf(base64);
      const known = Math.max(0, offset - at);
      const missing = Math.max(0, at - offset);
      offset = Math.max(offset, at + bytes.length);
      const now = performance.now();
      if (heardAt !== undefined && now - heardAt > CAUGHT_UP_MS) caughtUp = true;
      state.lines.append(
        stream,
        known === 0 ? bytes : bytes.subarray(known),
        caughtUp && stamped() ? page.now() : undefined,
      );
      tell({ phase: "reading", attempt, missing: state.missing + missing });
      if (performance.now() - sliceFrom > SLICE_MS) {
        await page.turn();
        sliceFrom = performance.now();
      }
      heardAt = performance.now();
    }
    return "over";
  };

  return {
    store,
    read: async (signal) => {
      state = { ...fresh(), version: state.version };
      try {
        while ((await once(signal)) === "again") state = { ...fresh(), version: state.version };
        tell({ phase: "over" });
      } catch (error) {
        if (!signal.aborted) tell({ phase: "failed", error });
      }
    },
  };
}
