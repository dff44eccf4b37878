import { CorepoolError } from "@corepool/core/errors";
import { newId } from "@corepool/core/ids";
import { LEASE, type LeaseState } from "@corepool/core/lease";
import { hasEnded, move, pathTo } from "@corepool/core/transitions";
import { WORKLOAD } from "@corepool/core/workload";
import type { MarketContext } from "../market/context.ts";
import type { Attempt, Lease, OnChain, Uow, Workload } from "../market/documents.ts";
import type { Touched } from "../market/projector.ts";
import { sendStop } from "../workloads/cancel.ts";
import { finishWorkload } from "../workloads/finish.ts";
import { advanceWorkload, moveWorkload } from "../workloads/moves.ts";
import { newestAttempt } from "../workloads/own.ts";
import { chooseOffer } from "../workloads/place.ts";
import { adoptStray, askToRelease, isStray } from "./stray.ts";
import { LEASES_WAKE } from "./topics.ts";

/** The lease at `to`, by legal moves. */
function at(lease: Lease, to: LeaseState): Lease {
  let state = lease.state;
  for (const next of pathTo(LEASE, state, to) ?? []) state = move(LEASE, `Lease ${lease.id}`, state, next);
  if (state !== to) move(LEASE, `Lease ${lease.id}`, state, to);
  return { ...lease, state };
}

/** Puts the assignment into the agent's box: the first time, and again whenever the terms have changed. */
async function assign(uow: Uow, lease: Lease, chain: OnChain, workload: Workload, attempt: Attempt): Promise<void> {
  await uow.messages.put(lease.machine, `assign:${attempt.id}`, {
    type: "assign",
    body: {
      attempt: attempt.id,
      workload: workload.id,
      spec: workload.spec,
      lease: lease.id,
      terms: chain.terms,
      openTx: chain.openTx,
      leasePublicKey: lease.publicKey,
      binding: lease.binding,
    },
  });
}

async function opened(uow: Uow, context: MarketContext, lease: Lease, chain: OnChain): Promise<void> {
  const workload = await uow.workloads.lock(lease.workload);
  if (workload === undefined) return;
  let attempt = await newestAttempt(uow, workload.id);
  if (attempt?.lease !== lease.id) {
    attempt = {
      id: newId("att", context.clock, context.random),
      workload: workload.id,
      number: (attempt?.number ?? 0) + 1,
      lease: lease.id,
      machine: lease.machine,
      provider: lease.provider,
      state: "assigned",
      spec: (workload.placed?.signed ?? missingOffer(workload)).spec,
      timeline: [{ state: "assigned", at: context.clock.now(), note: null }],
      exitCode: null,
      reason: null,
      detail: null,
      usage: null,
      usageSignature: null,
      createdAt: context.clock.now(),
    };
    await uow.attempts.put(attempt);
  }
  if (workload.state === "ordered") await advanceWorkload(uow, context.clock, workload, "leased");
  if (attempt.state === "ended") return;
  await assign(uow, lease, chain, workload, attempt);
  if (workload.cancelRequested) await sendStop(uow, lease.machine, attempt.id);
}

function missingOffer(workload: Workload): never {
  throw new Error(`workload ${workload.id} was ordered without a placed offer`);
}

/**
 * Brings a lease to what the chain says of it, whatever happened in between: opened, settled, closed, or taken back by a
 * re-org. Looks at the projection only, so that it may run any number of times and in any order.
 */
export async function reconcileLease(
  uow: Uow,
  context: MarketContext,
  { lease: id, newTerms }: Touched,
): Promise<void> {
  const lease = await uow.leases.lock(id);
  const chain = await uow.chain.lease(id);
  if (lease === undefined || lease.state === "failed") {
    if (chain !== undefined) await adoptStray(uow, chain);
    return;
  }
  if (chain !== undefined && chain.orderHash !== lease.orderHash) {
    await failLease(uow, context, lease, "The unit went to another client's order first.");
    await adoptStray(uow, chain);
    return;
  }
  const stray = await isStray(uow, lease);
  if (chain === undefined) {
    if (lease.state === "ordered" || lease.state === "opening") return;
    if (stray) {
      // Nobody wants it opened again.
      await uow.leases.put(at(lease, "failed"));
      await uow.messages.drop(lease.machine, `release:${lease.id}`);
      return;
    }
    // A re-org took the opening back: the sender sends it again, and the relay waits for it again.
    if (lease.openBatch !== null) await uow.batches.reopen(lease.openBatch);
    await uow.leases.put({ ...at(lease, "opening"), batch: lease.openBatch });
    const workload = await uow.workloads.lock(lease.workload);
    if (workload?.state === "leased") await moveWorkload(uow, context.clock, workload, "ordered");
    await uow.wake(LEASES_WAKE);
    return;
  }
  if (chain.live) {
    const target = lease.close === null ? "open" : "closing";
    const now = lease.state === target ? lease : { ...at(lease, target), batch: null };
    if (now !== lease) await uow.leases.put(now);
    if (newTerms) await (stray ? askToRelease(uow, now, chain) : opened(uow, context, now, chain));
    if (now !== lease && target === "closing") await uow.wake(LEASES_WAKE);
    return;
  }
  if (newTerms && !stray)
    await opened(
      uow,
      context,
      lease.state === "ordered" || lease.state === "opening" ? at(lease, "open") : lease,
      chain,
    );
  if (lease.state !== "closed") {
    await uow.leases.put({ ...at(lease, "closed"), batch: null });
    for (const what of ["note", "release"]) await uow.messages.drop(lease.machine, `${what}:${lease.id}`);
  }
  await finishWorkload(uow, context, lease.workload);
}

/**
 * The lease will not open: its workload goes back to `pending` with a new placement where there is one.
 */
export async function failLease(uow: Uow, context: MarketContext, lease: Lease, detail: string): Promise<void> {
  await uow.leases.put({ ...lease, state: move(LEASE, `Lease ${lease.id}`, lease.state, "failed"), batch: null });
  const workload = await uow.workloads.lock(lease.workload);
  if (workload === undefined || workload.lease !== lease.id || hasEnded(WORKLOAD, workload.state)) return;
  if (workload.state !== "ordered") {
    // It has run already, under an opening that a re-org took back and that does not come again: nothing pays for it.
    const attempt = await newestAttempt(uow, workload.id);
    if (attempt !== undefined && attempt.state !== "ended") await sendStop(uow, lease.machine, attempt.id);
    const lost = await advanceWorkload(uow, context.clock, workload, "finishing");
    await advanceWorkload(uow, context.clock, lost, "failed", { reason: "lease-lost", detail });
    return;
  }
  if (workload.cancelRequested) {
    await moveWorkload(uow, context.clock, workload, "cancelled", { reason: "stopped-by-client", detail, lease: null });
    return;
  }
  const placed = await chooseOffer(uow, context, workload).catch((error: unknown) => {
    if (error instanceof CorepoolError && error.code === "no-placement") return null;
    throw error;
  });
  // Without a placement too: what nobody orders within the hour is ended.
  const placedAt = context.clock.now();
  await moveWorkload(uow, context.clock, workload, "pending", { lease: null, placed, placedAt, detail });
}
