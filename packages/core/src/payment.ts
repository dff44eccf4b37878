/**
 * Payment notes: what a watch signs and what the chain and the agent accept. Pure; durations in milliseconds unless a
 * name says seconds, money in base units. The on-chain rule is `total <= min(escrow, rate * (elapsed + grace))`.
 */

/** Longest grace of an offer, seconds: the contract's MAX_GRACE. */
export const MAX_GRACE_SECONDS = 86_400;

/** The money side of a lease. */
export interface LeaseMoney {
  /** Base units per second. */
  readonly rate: bigint;
  readonly escrow: bigint;
  /** Seconds since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly graceSeconds: number;
}

/** The largest total that the chain pays at the given time (seconds since the epoch). */
export function noteCap(lease: LeaseMoney, atSeconds: number): bigint {
  const elapsed = Math.max(0, Math.min(Math.floor(atSeconds), lease.end) - lease.start);
  const byClock = lease.rate * BigInt(elapsed + lease.graceSeconds);
  return byClock < lease.escrow ? byClock : lease.escrow;
}

/** What a served time costs, rounded down: the client never pays for a part of a base unit. */
export function priceOf(rate: bigint, servedMs: number): bigint {
  return (rate * BigInt(Math.max(0, Math.floor(servedMs)))) / 1000n;
}

/** How far a watch has seen its lease serve. */
export interface Served {
  /** Time that answered probes prove, gaps counted up to the grace. */
  readonly provenMs: number;
  /** Monotonic time of the last answered probe; undefined before the first. */
  readonly lastAnswerAt: number | undefined;
}

export const NOTHING_SERVED: Served = { provenMs: 0, lastAnswerAt: undefined };

/**
 * A probe was answered at monotonic time `at`. The time since the last answer counts as served up to the grace: beyond
 * it an honest agent has frozen the workload, and the held gap is the provider's.
 */
export function probeAnswered(served: Served, at: number, graceMs: number): Served {
  if (served.lastAnswerAt === undefined) return { provenMs: 0, lastAnswerAt: at };
  const gap = Math.max(0, at - served.lastAnswerAt);
  return { provenMs: served.provenMs + Math.min(gap, graceMs), lastAnswerAt: Math.max(at, served.lastAnswerAt) };
}

/**
 * The total of the last note: the time that the agent reports, but never more than probes prove and one grace beyond.
 * A lying agent gains at most rate × grace; a job that ends before its first probe is still paid.
 */
export function finalServedMs(served: Served, reportedMs: number, graceMs: number): number {
  return Math.max(0, Math.min(reportedMs, served.provenMs + graceMs));
}

/** Whether the agent should hold (freeze) a workload: no note for longer than the grace. Monotonic milliseconds. */
export function paymentOverdue(lastNoteAt: number, now: number, graceMs: number): boolean {
  return now - lastNoteAt > graceMs;
}
