import type { Clock } from "@corepool/core/ports/clock";

/** How long the rest of a log is waited for. */
export interface DrainPatience {
  /** Milliseconds with a line to the coordinator in which no more of the log was stored. */
  readonly connectedMs: number;
  /** Milliseconds in all: an agent whose coordinator is gone for good must go on. */
  readonly totalMs: number;
}

const LOOK_MS = 250;

/**
 * Waits until the coordinator has a whole log. The time without a line counts little: what is told after the log cannot
 * be told then either, and a reader who is told of the end first would miss the rest. For the same reason a coordinator
 * that goes on storing is waited for, however slow it is, as long as there is patience in all. Rejects when `signal` aborts.
 */
export async function drainLog(
  logs: { readonly stored: number; drained(signal: AbortSignal): Promise<void> },
  line: { readonly connected: boolean },
  clock: Clock,
  patience: DrainPatience,
  signal: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const stop = () => enough.abort();
  signal.addEventListener("abort", stop, { once: true });
  const count = async (): Promise<void> => {
    let connectedMs = 0;
    let totalMs = 0;
    let { stored } = logs;
    while (connectedMs < patience.connectedMs && totalMs < patience.totalMs) {
      const before = clock.monotonic();
      await clock.sleep(LOOK_MS, enough.signal);
      const passed = clock.monotonic() - before;
      totalMs += passed;
      if (logs.stored > stored) connectedMs = 0;
      else if (line.connected) connectedMs += passed;
      ({ stored } = logs);
    }
    stop();
  };
  const counting = count().catch(() => undefined);
  await logs.drained(enough.signal);
  stop();
  await counting;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
}
