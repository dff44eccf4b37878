import type { Address } from "@corepool/core/hex";
import { LEASE } from "@corepool/core/lease";
import { hasEnded, move } from "@corepool/core/transitions";
import { WORKLOAD } from "@corepool/core/workload";
import type { MarketContext } from "../market/context.ts";
import type { Uow, Workload } from "../market/documents.ts";
import { moveWorkload } from "./moves.ts";
import { newestAttempt, ownWorkload } from "./own.ts";

/** Tells the attempt's agent to end it. Kept until the agent has it. */
export async function sendStop(uow: Uow, machine: Address, attempt: string): Promise<void> {
  await uow.messages.put(machine, `stop:${attempt}`, {
    type: "stop",
    body: { attempt, reason: "stopped-by-client" },
  });
}

/**
 * Stops a workload. What has not been ordered ends at once; what is leased is stopped by its agent, and what was served
 * is paid. Repeating it changes nothing. Rejects with `illegal-transition` when it has ended otherwise.
 */
export async function cancelWorkload(
  uow: Uow,
  context: MarketContext,
  account: Address,
  id: string,
): Promise<Workload> {
  const { clock } = context;
  const workload = await ownWorkload(uow, account, id, true);
  if (workload.state === "cancelled") return workload;
  const cancelled = { reason: "stopped-by-client", cancelRequested: true, placed: null, placedAt: null };
  if (hasEnded(WORKLOAD, workload.state) || workload.state === "pending") {
    return moveWorkload(uow, clock, workload, "cancelled", cancelled);
  }
  if (workload.cancelRequested) return workload;
  const lease = workload.lease === null ? undefined : await uow.leases.lock(workload.lease);
  if (workload.state === "ordered" && lease?.state === "ordered") {
    // The order has not left the house: it never will.
    await uow.leases.put({ ...lease, state: move(LEASE, `Lease ${lease.id}`, lease.state, "failed") });
    return moveWorkload(uow, clock, workload, "cancelled", { ...cancelled, lease: null });
  }
  const next: Workload = { ...workload, cancelRequested: true };
  await uow.workloads.put(next);
  const attempt = await newestAttempt(uow, id);
  if (attempt !== undefined && attempt.state !== "ended") await sendStop(uow, attempt.machine, attempt.id);
  await uow.outbox.append({
    account,
    type: "workload.stopping",
    workload: id,
    at: clock.now(),
    state: workload.state,
    note: null,
  });
  return next;
}
