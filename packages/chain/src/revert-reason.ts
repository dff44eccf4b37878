import type { TransactionOutcome } from "@corepool/core/ports/chain";
import { decodeRevert } from "@corepool/protocol/market/reverts";
import { type Endpoint, quantity, RpcFailure } from "./rpc.ts";

/**
 * Why a mined transaction reverted: the same call on the state before its block. Receipts do not say. Undefined when
 * the node has forgotten that state, or when the call now succeeds (an earlier transaction of the block mattered).
 */
export async function revertReason(node: Endpoint, outcome: TransactionOutcome): Promise<string | undefined> {
  const sent = await node.request("eth_getTransactionByHash", [outcome.hash]);
  if (typeof sent !== "object" || sent === null) return undefined;
  const { from, to, input, value } = sent as Readonly<Record<string, unknown>>;
  const before = outcome.blockNumber > 0n ? outcome.blockNumber - 1n : 0n;
  try {
    await node.request("eth_call", [{ from, to, data: input, value }, quantity(before)]);
    return undefined;
  } catch (error) {
    if (!(error instanceof RpcFailure) || error.kind === "unreachable") throw error;
    return error.kind === "reverted" ? decodeRevert(error.data).text : undefined;
  }
}
