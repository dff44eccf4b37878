import type { AttemptView, WorkloadView } from "@corepool/protocol/resources";
import { isOver } from "@corepool/sdk/follow";

/** How old the figures of a running workload may be: it is read anew within this many seconds. */
const READ_SECONDS = 10n;

/** What a workload costs now, base units of its lease's token. */
export interface Bill {
  readonly token: `0x${string}`;
  /** Base units per second while it is served. */
  readonly rate: bigint;
  readonly spent: bigint;
  readonly escrow: bigint;
  /** Of the escrow, what is not spent. It comes back when the lease is closed. */
  readonly left: bigint;
  /** Whether every second costs now. */
  readonly burning: boolean;
  /** Whether the chain has closed the lease: the figures are the chain's. */
  readonly closed: boolean;
}

/** Milliseconds that an attempt has run by `now` (ms), frozen time left out, by what its agent told. */
export function servedMs(attempt: AttemptView, now: number): number {
  let served = 0;
  let since: number | undefined;
  for (const { state, at } of attempt.timeline) {
    const ms = Date.parse(at);
    if (since !== undefined) served += Math.max(0, ms - since);
    since = state === "running" ? ms : undefined;
  }
  return since === undefined ? served : served + Math.max(0, now - since);
}

const least = (...values: readonly [bigint, ...bigint[]]): bigint => values.reduce((a, b) => (a < b ? a : b));
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/**
 * What a workload costs at `now` (ms). While it runs the figure ticks by rate and time between what the payment notes
 * say, and never runs further ahead of them than a note can be late; when its lease is closed it is what the chain says.
 * Undefined before there is a lease.
 */
export function billOf(workload: WorkloadView, now: number): Bill | undefined {
  const { lease } = workload;
  const terms = lease?.terms;
  if (lease === null || terms === null || terms === undefined) return undefined;
  const rate = BigInt(terms.rate);
  const escrow = BigInt(terms.escrow);
  const closed = lease.refund !== null;
  const burning = !closed && workload.state === "running";
  const noted = most(BigInt(lease.noteTotal), BigInt(lease.paid));
  let spent = closed ? BigInt(lease.paid) : noted;
  if (!closed) {
    const attempt = workload.attempts.findLast((each) => each.lease === lease.id);
    const served = attempt === undefined ? 0n : (rate * BigInt(Math.round(servedMs(attempt, now)))) / 1_000n;
    const ahead = noted + rate * (BigInt(terms.grace) + BigInt(lease.intervalSeconds) + READ_SECONDS);
    spent = least(escrow, most(noted, least(served, ahead)));
  }
  return { token: terms.token, rate, spent, escrow, left: most(0n, escrow - spent), burning, closed };
}

/**
 * Milliseconds until the lease ends or its escrow is used up, whichever comes first; undefined when no time runs.
 */
export function timeLeftMs(workload: WorkloadView, now: number): number | undefined {
  const end = workload.lease?.terms?.end;
  const bill = billOf(workload, now);
  if (end === undefined || bill === undefined || bill.closed || isOver(workload) || workload.state === "finishing")
    return undefined;
  const byLease = end * 1_000 - now;
  const byEscrow = bill.burning && bill.rate > 0n ? Number((bill.left * 1_000n) / bill.rate) : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(byLease, byEscrow));
}

/** Milliseconds from its submission to its end, or to `now`. */
export function ageMs(workload: WorkloadView, now: number): number {
  return Math.max(0, (workload.endedAt === null ? now : Date.parse(workload.endedAt)) - Date.parse(workload.createdAt));
}

/** The machine that serves it, served it last, or is to serve it. */
export function machineOf(workload: WorkloadView): `0x${string}` | undefined {
  return workload.attempts.at(-1)?.machine ?? (workload.placed?.signed.spec.machine as `0x${string}` | undefined);
}

/** What it is called, or else what it runs, in one line. */
export function titleOf(workload: WorkloadView): string {
  return workload.spec.name ?? commandLine(workload.spec.command);
}

/** A command in one line, its words as they are; line breaks become spaces. */
export function commandLine(command: readonly string[]): string {
  return command.map((word) => word.replaceAll(/\s+/g, " ")).join(" ");
}
