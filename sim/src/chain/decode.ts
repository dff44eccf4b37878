import type { Hex } from "@corepool/core/hex";
import {
  type Abi,
  type AbiFunction,
  type DecodeFunctionDataReturnType,
  decodeFunctionData,
  toFunctionSelector,
} from "viem";

const KEPT = 2_000;

/** Reads calldata of a contract. The same bytes are read once, and selectors are hashed once for all. */
export function calldataReader<const A extends Abi>(abi: A): (data: Hex) => DecodeFunctionDataReturnType<A> {
  const functions = new Map(
    abi.flatMap((item) =>
      item.type === "function" ? [[toFunctionSelector(item as AbiFunction), [item] as unknown as A] as const] : [],
    ),
  );
  const known = new Map<Hex, DecodeFunctionDataReturnType<A>>();
  return (data) => {
    const found = known.get(data);
    if (found !== undefined) return found;
    const only = functions.get(data.slice(0, 10) as Hex);
    if (only === undefined) throw new TypeError(`the contract has no function ${data.slice(0, 10)}`);
    const fresh = decodeFunctionData({ abi: only, data }) as DecodeFunctionDataReturnType<A>;
    if (known.size > KEPT) known.clear();
    known.set(data, fresh);
    return fresh;
  };
}
