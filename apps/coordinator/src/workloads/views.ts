import type { AttemptView, WorkloadView } from "@corepool/protocol/resources";
import { leaseView } from "../leases/views.ts";
import { timestampOf } from "../market/context.ts";
import type { Attempt, Uow, Workload } from "../market/documents.ts";

function attemptView(attempt: Attempt): AttemptView {
  return {
    id: attempt.id,
    number: attempt.number,
    lease: attempt.lease,
    machine: attempt.machine,
    provider: attempt.provider,
    state: attempt.state,
    isolation: attempt.spec.isolation,
    timeline: attempt.timeline.map(({ state, at, note }) => ({ state, at: timestampOf(at), note })),
    exitCode: attempt.exitCode,
    reason: attempt.reason,
    usage: attempt.usage,
    usageSignature: attempt.usageSignature,
  };
}

/** A workload as the API shows it. */
export async function workloadView(uow: Uow, workload: Workload): Promise<WorkloadView> {
  const lease = workload.lease === null ? undefined : await uow.leases.get(workload.lease);
  const attempts = await uow.attempts.ofWorkload(workload.id);
  const { placed } = workload;
  return {
    id: workload.id,
    account: workload.account,
    state: workload.state,
    reason: workload.reason,
    detail: workload.detail,
    spec: workload.spec,
    constraints: workload.constraints,
    placed:
      placed === null
        ? null
        : {
            offerId: placed.offerId,
            offer: placed.signed.offer,
            signed: placed.signed,
            escrow: String(placed.escrow),
            leaseSeq: placed.leaseSeq,
            providerPublicKey: placed.providerPublicKey,
            refusals: [...placed.refusals],
          },
    lease: lease === undefined ? null : await leaseView(uow, lease),
    attempts: attempts.map(attemptView),
    outputs: [...workload.outputs],
    createdAt: timestampOf(workload.createdAt),
    endedAt: workload.endedAt === null ? null : timestampOf(workload.endedAt),
  };
}
