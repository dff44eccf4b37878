import { sameAddress } from "@corepool/core/hex";
import type { Market, Receipt, WorkloadView } from "@corepool/protocol/resources";
import { type ChainBill, verifyReceipt } from "@corepool/sdk/verify-receipt";
import { marketsChain } from "../../identity/chain.ts";

/**
 * Checks a workload's receipt against the chain, read by this page from the market's RPC endpoint. Rejects with
 * `receipt-mismatch` where they differ, or where the receipt is another workload's.
 */
export async function checkReceipt(market: Market, workload: WorkloadView, receipt: Receipt): Promise<ChainBill> {
  if (
    receipt.workload !== workload.id ||
    receipt.lease !== workload.lease?.id ||
    !sameAddress(receipt.terms.client, workload.account)
  )
    throw new Error("This is the receipt of another workload.");
  return verifyReceipt(await marketsChain(market), receipt, workload.outputs);
}
