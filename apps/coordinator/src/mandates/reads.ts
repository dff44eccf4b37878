import type { Hex } from "@corepool/core/hex";
import { leaseMarketAbi as abi } from "@corepool/protocol/abi/lease-market.gen";
import { mandateData, structHash } from "@corepool/protocol/eip712";
import type { MandateMessage } from "@corepool/protocol/spec";
import { decodeFunctionResult, encodeFunctionData } from "viem";
import type { MarketContext } from "../market/context.ts";

/** A mandate's own slot on chain: what it has committed (base units), its nonces, whether it is revoked. */
export interface MandateSlot {
  readonly committed: bigint;
  readonly top: number;
  readonly window: bigint;
  readonly revoked: boolean;
}

/** The mandate's name on chain: its EIP-712 struct hash. */
export const mandateHash = (context: MarketContext, mandate: MandateMessage): Hex =>
  structHash(mandateData(context.domain, mandate));

/** Reads the slot at the head. Rejects with `chain-unavailable`. */
export async function readMandate(context: MarketContext, mandate: MandateMessage): Promise<MandateSlot> {
  const data = encodeFunctionData({ abi, functionName: "mandateOf", args: [mandateHash(context, mandate)] });
  const answer = await context.chain.call(context.domain.market, data);
  const [committed, top, window, revoked] = decodeFunctionResult({ abi, functionName: "mandateOf", data: answer });
  return { committed, top, window, revoked };
}
