import { CorepoolError } from "@corepool/core/errors";
import { basisPoints } from "@corepool/core/money";
import type { Receipt } from "@corepool/protocol/resources";
import type { MarketContext } from "../market/context.ts";
import type { Uow, Workload } from "../market/documents.ts";
import { newestAttempt } from "./own.ts";

/**
 * The bill of a workload: what the chain's events say its lease cost, and which transactions show it. Rejects with
 * `not-ready` until the lease is closed.
 */
export async function receiptOf(uow: Uow, context: MarketContext, workload: Workload): Promise<Receipt> {
  const lease = workload.lease === null ? undefined : await uow.leases.get(workload.lease);
  const chain = lease === undefined ? undefined : await uow.chain.lease(lease.id);
  if (lease === undefined || chain === undefined || chain.closeBlock === null || chain.orderHash !== lease.orderHash) {
    throw new CorepoolError("not-ready", {
      detail: "The workload has no closed lease yet, so there is no bill.",
      next: "Ask again when it has ended.",
    });
  }
  const token = context.tokens.find(({ address }) => address === lease.token);
  if (token === undefined) throw new Error(`lease ${lease.id} is in a token that is not listed: ${lease.token}`);
  const attempt = await newestAttempt(uow, workload.id);
  const collection = chain.fee === 0n ? undefined : await uow.chain.feesAfter(lease.token, chain.closeBlock);
  const { finalized } = await uow.chain.progress();
  return {
    workload: workload.id,
    lease: lease.id,
    chainId: context.domain.chainId,
    market: context.domain.market,
    token: { ...token },
    terms: chain.terms,
    billedMs: Number((chain.paid * 1000n) / lease.rate),
    total: String(chain.paid),
    provider: { account: chain.payTo, paid: String(chain.paid - chain.fee) },
    fee: String(chain.fee),
    burn: String(basisPoints(chain.fee, BigInt(token.burnBps))),
    refund: String(chain.refund ?? 0n),
    noteTotal: String(lease.noteTotal),
    noteSignature: lease.noteSignature,
    usage: attempt?.usage ?? null,
    usageSignature: attempt?.usageSignature ?? null,
    openTx: chain.openTx,
    closeTx: chain.closeTx,
    burnTx: token.burnBps === 0 ? null : (collection?.transaction ?? null),
    final: chain.closeBlock <= finalized,
  };
}
