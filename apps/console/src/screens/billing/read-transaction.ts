import type { Address, Hex } from "@corepool/core/hex";
import { createPublicClient, http, TransactionReceiptNotFoundError } from "viem";

/** What a chain says of a transaction that it took in. */
export interface ReadTransaction {
  readonly block: bigint;
  readonly status: "success" | "reverted";
  readonly from: Address;
  readonly to: Address | null;
  readonly gasUsed: bigint;
}

/** Asks an endpoint for a transaction; null when it has none. Rejects when it does not answer. */
export async function readTransaction(rpcUrl: string, hash: Hex): Promise<ReadTransaction | null> {
  try {
    const { blockNumber, status, from, to, gasUsed } = await createPublicClient({
      transport: http(rpcUrl),
    }).getTransactionReceipt({ hash });
    return { block: blockNumber, status, from, to, gasUsed };
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return null;
    throw error;
  }
}
