import type { Clock } from "@corepool/core/ports/clock";

/**
 * Runs `work` with a signal that aborts after `ms` or with `signal`. When the time is up the result rejects with
 * `late()`, even if the work ignores its signal.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const stop = new AbortController();
  const abort = () => stop.abort(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const timer = clock.sleep(ms, done.signal).then(
    () => {
      const error = late();
      stop.abort(error);
      throw error;
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([work(stop.signal), timer]);
  } finally {
    done.abort();
    signal?.removeEventListener("abort", abort);
  }
}

/** Throws the signal's reason when it has been aborted. */
export function checkSignal(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}
