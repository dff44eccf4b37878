/** Time, explicit and injected: production reads the machine's clocks, the simulation its own. */
export interface Clock {
  /** Wall-clock time, milliseconds since the Unix epoch. May step. */
  now(): number;
  /** Milliseconds from an arbitrary origin; never goes back while the process lives. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
