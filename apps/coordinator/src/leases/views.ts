import type { LeaseView } from "@corepool/protocol/resources";
import type { Lease, Uow } from "../market/documents.ts";

/** A lease as the API shows it: what the coordinator runs beside what the chain has. */
export async function leaseView(uow: Uow, lease: Lease): Promise<LeaseView> {
  const found = await uow.chain.lease(lease.id);
  // Somebody else's lease of the same name is none of this one's business.
  const chain = found?.orderHash === lease.orderHash ? found : undefined;
  const { finalized } = await uow.chain.progress();
  const newest = chain?.closeBlock ?? chain?.openBlock;
  return {
    id: lease.id,
    workload: lease.workload,
    state: lease.state,
    terms: chain?.terms ?? null,
    intervalSeconds: lease.intervalSeconds,
    holdSeconds: lease.holdSeconds,
    noteTotal: String(lease.noteTotal),
    paid: String(chain?.paid ?? 0n),
    refund: chain?.refund == null ? null : String(chain.refund),
    fee: String(chain?.fee ?? 0n),
    openTx: chain?.openTx ?? null,
    closeTx: chain?.closeTx ?? null,
    final: newest !== undefined && newest <= finalized,
  };
}
