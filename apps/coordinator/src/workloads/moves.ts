import type { Clock } from "@corepool/core/ports/clock";
import { hasEnded, move, pathTo } from "@corepool/core/transitions";
import { ATTEMPT, type AttemptState, WORKLOAD, type WorkloadState } from "@corepool/core/workload";
import type { Attempt, Uow, Workload } from "../market/documents.ts";

type Change = Partial<
  Pick<Workload, "reason" | "detail" | "placed" | "placedAt" | "lease" | "outputs" | "cancelRequested">
>;

/**
 * Moves a workload by one legal step, stores it and tells its owner. The caller holds the workload's lock.
 * Rejects with `illegal-transition`.
 */
export async function moveWorkload(
  uow: Uow,
  clock: Clock,
  workload: Workload,
  to: WorkloadState,
  change: Change = {},
): Promise<Workload> {
  const state = move(WORKLOAD, `Workload ${workload.id}`, workload.state, to);
  const at = clock.now();
  const next: Workload = { ...workload, ...change, state, endedAt: hasEnded(WORKLOAD, state) ? at : null };
  await uow.workloads.put(next);
  await uow.outbox.append({
    account: next.account,
    type: `workload.${state}`,
    workload: next.id,
    at,
    state,
    note: next.detail,
  });
  return next;
}

/** Moves it along the shortest legal path; where there is none it stays: what was seen came late. */
export async function advanceWorkload(
  uow: Uow,
  clock: Clock,
  workload: Workload,
  to: WorkloadState,
  change: Change = {},
): Promise<Workload> {
  let at = workload;
  for (const next of pathTo(WORKLOAD, workload.state, to) ?? []) {
    at = await moveWorkload(uow, clock, at, next, next === to ? change : {});
  }
  return at;
}

/** What an attempt's state means for its workload. */
export const WORKLOAD_OF_ATTEMPT: Readonly<Record<AttemptState, WorkloadState>> = {
  assigned: "leased",
  preparing: "starting",
  running: "running",
  frozen: "frozen",
  collecting: "finishing",
  ended: "finishing",
};

/** The attempt at `to`, by legal moves; undefined when it is past that. */
export function advanceAttempt(attempt: Attempt, to: AttemptState): Attempt | undefined {
  const path = pathTo(ATTEMPT, attempt.state, to);
  if (path === undefined) return undefined;
  let state = attempt.state;
  for (const next of path) state = move(ATTEMPT, `Attempt ${attempt.id}`, state, next);
  return { ...attempt, state };
}
