import type { MarketContext } from "../market/context.ts";
import type { Uow, Workload } from "../market/documents.ts";
import { advanceWorkload } from "./moves.ts";
import { newestAttempt } from "./own.ts";

/** LeaseClosed reasons that say nothing of the agent: a close that was requested, or one past the lease's end. */
const WITHOUT_AGENT: ReadonlySet<number> = new Set([3, 4]);

/**
 * Ends a workload once its lease is closed and its attempt has ended, whichever came last. A lease that closed without
 * its agent ends the workload as lost.
 */
export async function finishWorkload(uow: Uow, context: MarketContext, id: string): Promise<Workload | undefined> {
  const workload = await uow.workloads.lock(id);
  if (workload === undefined || workload.lease === null) return workload;
  const lease = await uow.leases.get(workload.lease);
  const chain = await uow.chain.lease(workload.lease);
  if (lease?.state !== "closed" || chain === undefined) return workload;
  const attempt = await newestAttempt(uow, id);
  if (attempt?.state !== "ended") {
    if (!WITHOUT_AGENT.has(chain.reason ?? 0)) return workload;
    const reason = workload.cancelRequested ? "stopped-by-client" : "machine-lost";
    const lost = await advanceWorkload(uow, context.clock, workload, "finishing");
    return advanceWorkload(uow, context.clock, lost, workload.cancelRequested ? "cancelled" : "failed", {
      reason,
      detail: "The lease closed without word from its machine; what was not paid by note is refunded.",
    });
  }
  const success = attempt.reason === "exited" && attempt.exitCode === 0;
  const end = success ? "succeeded" : attempt.reason === "stopped-by-client" ? "cancelled" : "failed";
  const finishing = await advanceWorkload(uow, context.clock, workload, "finishing");
  return advanceWorkload(uow, context.clock, finishing, end, { reason: attempt.reason, detail: attempt.detail });
}
