import type { WorkloadView } from "@corepool/protocol/resources";
import { isOver } from "@corepool/sdk/follow";
import { billOf } from "../workload/bill.ts";

/** What stopping costs in one token, base units: billed so far, at most in the end, and what comes back for sure. */
export interface StopSum {
  readonly token: `0x${string}`;
  readonly spent: bigint;
  readonly most: bigint;
  readonly back: bigint;
}

export interface StopEffects {
  readonly sums: readonly StopSum[];
  /** How many have no lease, so that stopping them moves no money. */
  readonly withoutLease: number;
  /** How long settling may take: the watch's next note, the machine's last report, a block. */
  readonly settleSeconds: number;
}

/** Seconds that collecting and a block take beside the notes. */
const SETTLE_SECONDS = 10;

/**
 * What stopping these workloads at `now` (ms) does to money. A lease can cost one interval and the grace beyond what is
 * billed so far, and never more than its escrow.
 */
export function stopEffects(workloads: readonly WorkloadView[], now: number): StopEffects {
  const sums = new Map<string, StopSum>();
  let withoutLease = 0;
  let settleSeconds = 0;
  for (const workload of workloads) {
    if (isOver(workload)) continue;
    const bill = billOf(workload, now);
    const { lease } = workload;
    if (bill === undefined || lease?.terms == null) {
      withoutLease++;
      continue;
    }
    const late = lease.terms.grace + lease.intervalSeconds;
    settleSeconds = Math.max(settleSeconds, late);
    const end = bill.spent + (bill.closed ? 0n : bill.rate * BigInt(late));
    const most = end < bill.escrow ? end : bill.escrow;
    const before = sums.get(bill.token) ?? { token: bill.token, spent: 0n, most: 0n, back: 0n };
    sums.set(bill.token, {
      token: bill.token,
      spent: before.spent + bill.spent,
      most: before.most + most,
      back: before.back + (bill.escrow - most),
    });
  }
  return { sums: [...sums.values()], withoutLease, settleSeconds: settleSeconds + SETTLE_SECONDS };
}
