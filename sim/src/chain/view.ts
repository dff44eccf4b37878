import type { Hex } from "@corepool/core/hex";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { type Abi, encodeFunctionResult, zeroAddress } from "viem";
import { calldataReader } from "./decode.ts";
import type { Call } from "./execute.ts";
import { counterOf } from "./ledger.ts";
import type { MarketPlace, MarketState } from "./state.ts";
import { same, words } from "./words.ts";

const readMarketCall = calldataReader(leaseMarketAbi);
const readTokenCall = calldataReader(gpTokenAbi);

/** What a read-only call of the market or its token answers. An address without code answers nothing. */
export function view(place: MarketPlace, state: MarketState, call: Pick<Call, "to" | "data">): Hex {
  if (same(call.to, place.market)) return marketView(place, state, call.data);
  if (same(call.to, place.gp)) return tokenView(state, call.data);
  return "0x";
}

function marketView(place: MarketPlace, state: MarketState, data: Hex): Hex {
  const { functionName, args } = readMarketCall(data);
  switch (functionName) {
    case "accountOf": {
      const account = state.account(args[1]);
      return words(account.cash, counterOf(account), account.top, account.window);
    }
    case "mandateOf": {
      const used = state.mandate(args[0]);
      return words(used.cash, used.top, used.window, used.counter === 2);
    }
    case "unitOf": {
      const slot = state.slot(args[0], args[1]);
      return words("seq" in slot ? slot.seq : slot.terms);
    }
    case "feesOf":
      return words(same(args[0], place.gp) ? state.fees : 0n);
    case "tokenOf":
      return words(same(args[0], place.gp), false, same(args[0], place.gp) ? place.feeBps : 0);
    case "tokens":
      return words(0x20, 1, place.gp);
    case "GP":
      return words(place.gp);
    case "CLOSE_WINDOW":
      return words(place.closeWindow);
    case "feeSettings":
      return words(place.feeSink, place.burnBps, zeroAddress, zeroAddress);
    default:
      throw new TypeError(`the model cannot be asked for ${functionName}`);
  }
}

function tokenView(state: MarketState, data: Hex): Hex {
  const { functionName, args } = readTokenCall(data);
  const result = (value: unknown) =>
    encodeFunctionResult({ abi: gpTokenAbi as Abi, functionName: functionName as string, result: value });
  if (functionName === "balanceOf") return words(state.wallet(args[0]));
  if (functionName === "decimals") return words(18);
  if (functionName === "symbol") return result("GP");
  throw new TypeError(`the model's token cannot be asked for ${functionName}`);
}
