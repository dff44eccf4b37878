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
  /** What of the proven time was counted since the last answer that did not say `frozen`. */
  readonly heldMs: number;
}

export const NOTHING_SERVED: Served = { provenMs: 0, lastAnswerAt: undefined, heldMs: 0 };

/**
 * What one more answer adds, `gapMs` after the one before. The time in between counts as served up to the grace: beyond
 * it an honest agent has frozen the workload, and the held gap is the provider's.
 *
 * An agent freezes only what it has served a whole grace unpaid. So answers that say `frozen` vouch for one grace since
 * the last one that did not, however many they are and however long it lasts: that is what was served on credit, and
 * what a note must cover before the agent thaws. The word is the agent's, not the sandbox's; one that lies by it, either
 * way, is never counted more than one that always says it runs, and one that tells the truth costs its client at most a
 * grace per freeze (and one per thaw that lags behind its note) beyond what it served.
 */
export function countAnswer(
  served: Pick<Served, "provenMs" | "heldMs">,
  gapMs: number,
  graceMs: number,
  frozen: boolean,
): Pick<Served, "provenMs" | "heldMs"> {
  const room = frozen ? Math.max(0, graceMs - served.heldMs) : graceMs;
  const added = Math.min(Math.max(0, gapMs), room);
  return { provenMs: served.provenMs + added, heldMs: frozen ? served.heldMs + added : 0 };
}

/** A probe was answered at monotonic time `at`. The first answer proves nothing, and takes nothing back. */
export function probeAnswered(served: Served, at: number, graceMs: number, frozen: boolean): Served {
  const { lastAnswerAt } = served;
  if (lastAnswerAt === undefined) return { ...served, lastAnswerAt: at };
  return { ...countAnswer(served, at - lastAnswerAt, graceMs, frozen), lastAnswerAt: Math.max(at, lastAnswerAt) };
}

/** When an answer came, for a watch that moves between processes and outlives them. */
export interface AnswerTime {
  /** The run of a process that asked. */
  readonly by: string;
  /** Its monotonic clock when it asked: means nothing to another run. */
  readonly monotonicMs: number;
  /** The chain's newest time, seconds since the epoch. */
  readonly chainSeconds: number;
}

/**
 * The time between two answers, for `countAnswer`. Within one run of a process its monotonic clock tells; wall clocks,
 * which may be set, never do. Between two runs no clock is shared but the chain's: its elapsed time counts, up to one
 * grace. So a watch proves at most the time that really passed, and one grace for every change of process.
 */
export function answerGapMs(last: AnswerTime, now: AnswerTime, graceMs: number): number {
  if (last.by === now.by) return Math.max(0, now.monotonicMs - last.monotonicMs);
  return Math.max(0, Math.min(graceMs, (now.chainSeconds - last.chainSeconds) * 1000));
}

/**
 * The total of the last note: the time that the agent reports, but never more than probes prove and one grace beyond.
 * A lying agent gains at most rate × grace; a job that ends before its first probe is still paid.
 */
export function finalServedMs(served: Pick<Served, "provenMs">, reportedMs: number, graceMs: number): number {
  return Math.max(0, Math.min(reportedMs, served.provenMs + graceMs));
}

/** Whether the agent should hold (freeze) a workload: no note for longer than the grace. Monotonic milliseconds. */
export function paymentOverdue(lastNoteAt: number, now: number, graceMs: number): boolean {
  return now - lastNoteAt > graceMs;
}
