import { sameAddress } from "@corepool/core/hex";
import type { Market, Receipt, WorkloadView } from "@corepool/protocol/resources";
import { type ChainBill, verifyReceipt } from "@corepool/sdk/verify-receipt";
import { checkMarket } from "../../data/known-market.ts";
import { marketsChain } from "../../identity/chain.ts";
import { identity } from "../../identity/identity.ts";

/**
 * Checks a workload's receipt against the chain, read by this page from the market's RPC endpoint: that of a lease of
 * whoever is signed in, in the market that this browser knows. Rejects with `receipt-mismatch` where they differ, or where
 * the receipt is another workload's or another account's.
 */
export async function checkReceipt(market: Market, workload: WorkloadView, receipt: Receipt): Promise<ChainBill> {
  checkMarket(market);
  const own = identity.get()?.address;
  if (
    receipt.workload !== workload.id ||
    receipt.lease !== workload.lease?.id ||
    !sameAddress(receipt.terms.client, workload.account) ||
    own === undefined ||
    !sameAddress(receipt.terms.client, own)
  )
    throw new Error("This is the receipt of another workload.");
  return verifyReceipt(await marketsChain(market), receipt, workload.outputs);
}
