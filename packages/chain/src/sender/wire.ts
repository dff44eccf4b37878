import { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import { type Endpoints, problemOf } from "../endpoints.ts";
import { quantity, RpcFailure } from "../rpc.ts";

/** What a node said to a raw transaction. */
export type Broadcast =
  | "accepted"
  /** The nonce is used: by this transaction, or by another. */
  | "nonce-used"
  /** It pays too little, for the node or for what it would replace. */
  | "underpriced"
  | { readonly refused: string };

/** The questions that only a sender asks. All reject with `chain-unavailable` when no node answers. */
export interface Wire {
  /** How many transactions of the account the chain holds: at the head, at a block, or with those that wait. */
  count(account: Address, at: "latest" | "pending" | bigint): Promise<number>;
  /** What EIP-1559 fees get a transaction into one of the next blocks now, wei per gas. */
  fees(): Promise<{ readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }>;
  /** Gas of a call on the pending state (a node's newest block may be old). Rejects with `call-reverted`. */
  estimate(call: {
    readonly from: Address;
    readonly to: Address;
    readonly data: Hex;
    readonly value: bigint;
  }): Promise<bigint>;
  broadcast(raw: Hex): Promise<Broadcast>;
}

export function createWire(endpoints: Endpoints): Wire {
  const number = async (method: string, parameters: readonly unknown[]) =>
    BigInt(String(await endpoints.first((node) => node.request(method, parameters))));
  return {
    count: async (account, at) =>
      Number(await number("eth_getTransactionCount", [account, typeof at === "bigint" ? quantity(at) : at])),
    async fees() {
      const [block, tip] = await Promise.all([
        endpoints.first((node) => node.request("eth_getBlockByNumber", ["latest", false])),
        number("eth_maxPriorityFeePerGas", []).catch((error: unknown) => {
          if (error instanceof CorepoolError && error.cause instanceof RpcFailure && error.cause.kind === "refused")
            return 10n ** 9n;
          throw error;
        }),
      ]);
      const base =
        typeof block === "object" && block !== null && "baseFeePerGas" in block
          ? BigInt(String(block.baseFeePerGas))
          : 0n;
      // Twice the base fee stays enough for six full blocks in a row; what is not needed is not charged.
      return { maxFeePerGas: base * 2n + tip, maxPriorityFeePerGas: tip };
    },
    estimate: ({ from, to, data, value }) =>
      number("eth_estimateGas", [{ from, to, data, value: quantity(value) }, "pending"]),
    async broadcast(raw) {
      try {
        await endpoints.first((node) => node.request("eth_sendRawTransaction", [raw]).catch(asBroadcast));
        return "accepted";
      } catch (error) {
        if (error instanceof Answer) return error.answer;
        throw problemOf(error);
      }
    },
  };
}

class Answer extends Error {
  readonly answer: Broadcast;
  constructor(answer: Broadcast) {
    super("the node answered");
    this.answer = answer;
  }
}

/** Nodes word their refusals differently; none has codes of its own for these. */
function asBroadcast(error: unknown): unknown {
  if (!(error instanceof RpcFailure) || error.kind === "unreachable") throw error;
  if (/already (imported|known|exists)|known transaction/i.test(error.message)) return undefined;
  if (/nonce too low|nonce.*(already )?used|invalid nonce|old nonce/i.test(error.message))
    throw new Answer("nonce-used");
  if (/underpriced|fee.*(too low|less than)|base fee/i.test(error.message)) throw new Answer("underpriced");
  throw new Answer({ refused: error.message });
}
