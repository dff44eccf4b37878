import type { Hex } from "@corepool/core/hex";
import { type Abi, type AbiParameter, decodeErrorResult, toFunctionSelector } from "viem";
import { accessManagerAbi } from "../abi/access-manager.gen.ts";
import { gpTokenAbi } from "../abi/gp-token.gen.ts";
import { leaseMarketAbi } from "../abi/lease-market.gen.ts";
import { testUsdcAbi } from "../abi/test-usdc.gen.ts";
import { unitRegistryAbi } from "../abi/unit-registry.gen.ts";

/** Why a contract refused. `text` is for people: `InsufficientCash(cash: 5, needed: 10)`. */
export interface RevertReason {
  /** The error's name; `Error` and `Panic` for Solidity's own, `unknown` for bytes we cannot read. */
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
  readonly text: string;
}

const errors: Abi = [leaseMarketAbi, unitRegistryAbi, gpTokenAbi, testUsdcAbi, accessManagerAbi].flatMap((abi) =>
  (abi as Abi).filter((item) => item.type === "error"),
);

/** Decodes revert data by the custom errors of our contracts and Solidity's own. Never throws. */
export function decodeRevert(data: Hex | undefined): RevertReason {
  if (data === undefined || data.length < 10)
    return { name: "unknown", args: {}, text: "the call reverted without a reason" };
  try {
    const { errorName, args = [], abiItem } = decodeErrorResult({ abi: errors, data });
    const inputs = abiItem.type === "error" ? abiItem.inputs : [];
    const named = Object.fromEntries(args.map((value, i) => [inputs[i]?.name ?? String(i), String(value)]));
    if (errorName === "Error") return { name: errorName, args: named, text: String(args[0]) };
    const list = Object.entries(named)
      .map(([name, value]) => `${name}: ${value}`)
      .join(", ");
    return { name: errorName, args: named, text: `${errorName}(${list})` };
  } catch {
    return { name: "unknown", args: { data }, text: `the call reverted with ${data.slice(0, 10)}` };
  }
}

const names = new Map(
  errors.flatMap((item) => (item.type === "error" ? [[selectorOf(item.name, item.inputs), item.name] as const] : [])),
);

function selectorOf(name: string, inputs: readonly AbiParameter[]): Hex {
  return toFunctionSelector(`${name}(${inputs.map((input) => input.type).join(",")})`);
}

/** The name of one of our errors by its selector, as `OpenSkipped` and `SettleSkipped` carry it; else `unknown`. */
export function errorNameOf(selector: Hex): string {
  return names.get(selector) ?? "unknown";
}
