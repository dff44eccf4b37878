import { createStore } from "../app/store.ts";
import type { Tone } from "../kit/values/state.tsx";

/** Something that was said in passing. It can be read again until the page is closed. */
export interface Notice {
  readonly id: number;
  readonly tone: Tone;
  readonly text: string;
  /** What it is about, in a sentence or two. */
  readonly detail?: string | undefined;
  /** Where it leads. */
  readonly to?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Most that are kept to be read again. */
const KEPT = 100;
let last = 0;

/** Newest first. `shown`: the ids that still stand in the corner. */
export const notices = createStore<{ readonly all: readonly Notice[]; readonly shown: readonly number[] }>({
  all: [],
  shown: [],
});

/** Says something in the corner of the page. */
export function notify(notice: Omit<Notice, "id" | "at">, now = Date.now()): number {
  const id = ++last;
  notices.set(({ all, shown }) => ({
    all: [{ ...notice, id, at: now }, ...all].slice(0, KEPT),
    shown: [...shown, id].slice(-3),
  }));
  return id;
}

/** Takes a notice from the corner; the history keeps it. */
export function dismiss(id: number): void {
  notices.set((now) => ({ ...now, shown: now.shown.filter((each) => each !== id) }));
}
