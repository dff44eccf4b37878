import type { Browser, Page } from "playwright-core";

/** Tasks of a page's main thread. */
export interface Tasks {
  /** Processor time of the one that took most, ms. */
  readonly longest: number;
  /** How many took more than 50 ms of processor time. */
  readonly over50: number;
  /** The one that lasted longest, by the clock: with what it waited while other processes had the processor. */
  readonly longestByClock: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds, by the clock and of processor time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Chromium's own tracing of a page's main thread while something is done in it. */
export async function tasksDuring(browser: Browser, page: Page, work: () => Promise<void>): Promise<Tasks> {
  await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
  await work();
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
    readonly traceEvents: readonly TraceEvent[];
  };
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
  const mains = new Set(
    traceEvents.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain").map(threadOf),
  );
  const tasks = traceEvents.filter(
    (event) => event.ph === "X" && /(^|::)RunTask$/.test(event.name) && mains.has(threadOf(event)),
  );
  if (tasks.length === 0) throw new Error("the trace has no tasks");
  const cpu = tasks.map(({ tdur = 0 }) => tdur / 1_000);
  return {
    longest: Math.max(...cpu),
    over50: cpu.filter((ms) => ms > 50).length,
    longestByClock: Math.max(...tasks.map(({ dur = 0 }) => dur / 1_000)),
  };
}
