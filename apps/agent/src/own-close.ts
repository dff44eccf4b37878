import { CorepoolError, codeOf } from "@corepool/core/errors";
import { marketSettings } from "@corepool/protocol/market/reads";
import type { TermsMessage } from "@corepool/protocol/spec";
import type { AttemptDeps } from "./attempt-deps.ts";
import { leaseNow } from "./lease-now.ts";
import { messageOf } from "./prepare.ts";

export interface OwnCloseContext {
  /** Resolves when something about the attempt changed, or after `ms`. */
  readonly changed: (ms: number) => Promise<void>;
  /** Whether the coordinator said that the lease is closed. */
  readonly saidClosed: () => boolean;
  readonly signal: AbortSignal;
}

const LOOK_AGAIN_MS = 1_000;
/** Between two looks at a chain of which nothing new was said, and between two tries to close. */
const ROUND_MS = 5_000;

/**
 * Waits until the lease is over on chain and the coordinator says so; resolves earlier only when `signal` aborts. What
 * is owed and not brought to the chain in time is brought by the provider's own transaction: whoever withholds a close
 * until the window after the end is over would otherwise have the client get everything back.
 */
export async function closedOnChain(id: string, deps: AttemptDeps, context: OwnCloseContext): Promise<void> {
  const { clock } = deps;
  // The client's last note may take the grace to come.
  const { grace } = deps.journal.record(id).assignment.terms;
  const patientUntil = clock.monotonic() + (grace + deps.closePatienceSeconds) * 1000;
  let nextRound = clock.monotonic();
  while (!context.signal.aborted) {
    const said = context.saidClosed();
    const due = clock.monotonic() >= nextRound;
    if (said || due) {
      if (due) nextRound = clock.monotonic() + ROUND_MS;
      try {
        const over = await look(id, deps, due, patientUntil);
        if (over && said) return;
      } catch (error) {
        report(id, deps, error);
      }
    }
    await context.changed(LOOK_AGAIN_MS);
  }
}

/**
 * Beside work that may last (outputs that a coordinator does not take): when the time in which the provider may bring
 * his best note is half over, brings it. Resolves when `signal` aborts.
 */
export async function paidInTime(id: string, deps: AttemptDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await look(id, deps, true, Number.POSITIVE_INFINITY);
    } catch (error) {
      report(id, deps, error);
    }
    // The end of the work ends the wait.
    await deps.clock.sleep(ROUND_MS, signal).catch(() => undefined);
  }
}

/** One look at the chain, and a try to close when it is time. Resolves with whether the lease is over. */
async function look(id: string, deps: AttemptDeps, mayClose: boolean, patientUntil: number): Promise<boolean> {
  const { assignment, note } = deps.journal.record(id);
  const now = await leaseNow(assignment.terms, assignment.lease, deps);
  if (now.state === "absent") return timeIsUp(assignment.terms, deps);
  if (now.state !== "live") return now.state === "over";
  const total = BigInt(note?.total ?? "0");
  // Nothing is owed: whoever wants the rest of the escrow closes it.
  if (!mayClose || note === null || total <= BigInt(now.terms.paid)) return false;
  if (deps.clock.monotonic() < patientUntil && !(await pressing(now.terms, deps))) return false;
  const tx = await deps.settler.closeNow({ terms: now.terms, total, noteSig: note.signature, closeSig: "0x" });
  deps.log.info("lease.closed-by-provider", { attempt: id, lease: assignment.lease, total: String(total), tx });
  return false;
}

/** Whether a lease under these terms, were it there, could be ended by anyone: nothing is to be had from it any more. */
async function timeIsUp(terms: TermsMessage, deps: AttemptDeps): Promise<boolean> {
  const { closeWindowSeconds } = await marketSettings(deps.chain, deps.domain.market);
  deps.chainTime.seen(Number((await deps.chain.head()).timestamp));
  return deps.chainTime.now() >= terms.end + closeWindowSeconds;
}

/** Whether half of the time in which the provider may bring his last note has passed. */
async function pressing(terms: TermsMessage, deps: AttemptDeps): Promise<boolean> {
  const { closeWindowSeconds } = await marketSettings(deps.chain, deps.domain.market);
  deps.chainTime.seen(Number((await deps.chain.head()).timestamp));
  const afterEnd = terms.end + closeWindowSeconds;
  const final = terms.closeAt === 0 ? afterEnd : Math.min(afterEnd, terms.closeAt);
  return deps.chainTime.now() >= final - closeWindowSeconds / 2;
}

function report(id: string, deps: AttemptDeps, error: unknown): void {
  const lacksGas = codeOf(error) === "setup-failed";
  deps.log[lacksGas ? "error" : "warn"](lacksGas ? "lease.close-needs-gas-money" : "lease.not-closed-yet", {
    attempt: id,
    lease: deps.journal.record(id).assignment.lease,
    detail: messageOf(error),
    ...(error instanceof CorepoolError && error.next !== undefined ? { next: error.next } : {}),
  });
}
