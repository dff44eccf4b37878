import { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import type { Attempt, Lease, Uow, Workload } from "../market/documents.ts";

function missing(what: string, id: string): CorepoolError {
  return new CorepoolError("not-found", {
    detail: `There is no ${what} ${id} of yours.`,
    next: "Check the id and the account you are signed in with.",
  });
}

/** The account's workload. Rejects with `not-found` for one that is somebody else's too. */
export async function ownWorkload(uow: Uow, account: Address, id: string, lock = false): Promise<Workload> {
  const workload = await (lock ? uow.workloads.lock(id) : uow.workloads.get(id));
  if (workload === undefined || workload.account !== account) throw missing("workload", id);
  return workload;
}

/** The account's lease. Rejects with `not-found`. */
export async function ownLease(uow: Uow, account: Address, id: Hex, lock = false): Promise<Lease> {
  const lease = await (lock ? uow.leases.lock(id) : uow.leases.get(id));
  if (lease === undefined || lease.client !== account) throw missing("lease", id);
  return lease;
}

/** The newest attempt of a workload. */
export async function newestAttempt(uow: Uow, workload: string): Promise<Attempt | undefined> {
  return (await uow.attempts.ofWorkload(workload)).at(-1);
}
