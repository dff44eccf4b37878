import { sameAddress } from "@corepool/core/hex";
import type { Market, Receipt, WorkloadView } from "@corepool/protocol/resources";
import { openChain } from "@corepool/sdk/chain";
import { type ChainBill, verifyReceipt } from "@corepool/sdk/verify-receipt";
import { http } from "viem";

/**
 * Checks a workload's receipt against the chain, read by this page from the market's RPC endpoint. Rejects with
 * `receipt-mismatch` where they differ, or where the receipt is another workload's.
 */
export async function checkReceipt(market: Market, workload: WorkloadView, receipt: Receipt): Promise<ChainBill> {
  if (market.rpcUrl === null) throw new Error("This market names no RPC endpoint for its clients.");
  if (
    receipt.workload !== workload.id ||
    receipt.lease !== workload.lease?.id ||
    !sameAddress(receipt.terms.client, workload.account)
  )
    throw new Error("This is the receipt of another workload.");
  const chain = await openChain({
    transport: http(market.rpcUrl, { retryCount: 1, timeout: 10_000 }),
    chainId: market.chainId,
    market: market.contracts.leaseMarket,
  });
  return verifyReceipt(chain, receipt);
}
