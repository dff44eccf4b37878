import type { Address, Hex } from "@corepool/core/hex";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { parseCompactSignature, recoverAddress, serializeSignature } from "viem";
import { calldataReader } from "./decode.ts";
import { MarketCall, type OpenArgs, type SettleArgs, type Terms } from "./market.ts";
import { type MarketPlace, MarketState } from "./state.ts";
import type { MarketLog } from "./words.ts";

/** A transaction, or a call that only asks. */
export interface Call {
  readonly from: Address;
  readonly to: Address;
  readonly data: Hex;
}

const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** As the contract recovers: 65 bytes with v 27 or 28, or 64 by ERC-2098; low s only. */
async function recoverAsContract(digest: Hex, signature: Hex): Promise<Address | undefined> {
  try {
    if (signature.length === 130) {
      const compact = parseCompactSignature(signature);
      const s = BigInt(compact.yParityAndS);
      return await recoverAddress({
        hash: digest,
        signature: serializeSignature({
          r: compact.r,
          s: `0x${(s & (2n ** 255n - 1n)).toString(16).padStart(64, "0")}`,
          yParity: Number(s >> 255n),
        }),
      });
    }
    const v = signature.slice(130).toLowerCase();
    const low = signature.length === 132 && BigInt(`0x${signature.slice(66, 130)}`) <= HALF_ORDER;
    return low && (v === "1b" || v === "1c") ? await recoverAddress({ hash: digest, signature }) : undefined;
  } catch {
    // Bytes that are no signature have no signer.
    return undefined;
  }
}

const decoded = calldataReader(leaseMarketAbi);

/**
 * Runs a transaction to LeaseMarket on a copy of the state. Resolves with the state after it and its logs; rejects with
 * Reverted, and then nothing has happened.
 * @param now the block's timestamp, seconds since the epoch
 */
export async function execute(
  place: MarketPlace,
  before: MarketState,
  call: Call,
  now: number,
): Promise<{ readonly state: MarketState; readonly logs: readonly MarketLog[] }> {
  let state = new MarketState(before);
  const market = new MarketCall(place, state, recoverAsContract, now);
  const attempt = async (work: (part: MarketCall) => Promise<void>) => {
    const copy = new MarketState(state);
    const part = new MarketCall(place, copy, recoverAsContract, now);
    await work(part);
    state = copy;
    return part.logs;
  };
  const { functionName, args } = decoded(call.data);
  switch (functionName) {
    case "deposit":
      market.deposit(call.from, call.from, args[0], args[1]);
      break;
    case "depositFor":
      market.deposit(call.from, args[0], args[1], args[2]);
      break;
    case "withdraw":
      market.withdraw(call.from, args[0], args[1], args[2]);
      break;
    case "open":
      await market.open(call.from, args[0] as OpenArgs);
      break;
    case "openMany":
      if (args[1]) throw new TypeError("the model opens no gangs");
      await market.openEach(args[0] as readonly OpenArgs[], attempt);
      break;
    case "settle":
    case "closeNow":
      await market.settle(call.from, args[0] as SettleArgs, functionName === "closeNow");
      break;
    case "settleMany":
      await market.settleEach(call.from, args[0] as readonly SettleArgs[], args[1], attempt);
      break;
    case "requestClose":
      await market.requestClose(call.from, args[0] as Terms, args[1]);
      break;
    case "finalizeClose":
      market.finalizeClose(args[0] as Terms);
      break;
    case "collectFees":
      market.collectFees(args[0]);
      break;
    default:
      throw new TypeError(`the model does not know ${functionName}`);
  }
  return { state, logs: market.logs };
}
