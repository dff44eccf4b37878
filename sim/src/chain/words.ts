import type { Hex } from "@corepool/core/hex";
import { gpTokenAbi } from "@corepool/protocol/abi/gp-token.gen";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { type Abi, type AbiEvent, type AbiItem, toEventSelector, toFunctionSelector } from "viem";

/** One ABI word: a number, an address or 32 bytes, left-padded. */
export function word(value: bigint | number | boolean | Hex): string {
  if (typeof value === "string") return value.slice(2).toLowerCase().padStart(64, "0");
  return BigInt(value).toString(16).padStart(64, "0");
}

/** Words as bytes. */
export const words = (...values: readonly (bigint | number | boolean | Hex)[]): Hex => `0x${values.map(word).join("")}`;

const named = (kind: AbiItem["type"], abi: Abi = leaseMarketAbi) => abi.filter((item) => item.type === kind);

const topics = new Map(
  named("event").flatMap((item) =>
    item.type === "event" ? [[item.name, toEventSelector(item as AbiEvent)] as const] : [],
  ),
);

const selectors = new Map(
  [...named("error"), ...named("error", gpTokenAbi)].flatMap((item) => {
    if (item.type !== "error") return [];
    const types = item.inputs.map((input) => input.type).join(",");
    return [[item.name, toFunctionSelector(`${item.name}(${types})`)] as const];
  }),
);

const known = (from: ReadonlyMap<string, Hex>, name: string): Hex => {
  const found = from.get(name);
  if (found === undefined) throw new TypeError(`LeaseMarket has no ${name}`);
  return found;
};

/** A log of the market before it has its place in a block. */
export interface MarketLog {
  readonly topics: readonly Hex[];
  readonly data: Hex;
}

/** An event of LeaseMarket: its name, its indexed members and the rest, each of one word. */
export function marketLog(
  name: string,
  indexed: readonly (bigint | number | Hex)[],
  data: readonly (bigint | number | Hex)[],
): MarketLog {
  return { topics: [known(topics, name), ...indexed.map((value): Hex => `0x${word(value)}`)], data: words(...data) };
}

/** A call was refused, with one of LeaseMarket's or its token's own errors. */
export class Reverted extends Error {
  readonly selector: Hex;
  readonly data: Hex;

  constructor(name: string, ...args: readonly (bigint | number | Hex)[]) {
    super(name);
    this.name = "Reverted";
    this.selector = known(selectors, name);
    this.data = `${this.selector}${words(...args).slice(2)}`;
  }
}

export const same = (a: Hex, b: Hex): boolean => a.toLowerCase() === b.toLowerCase();
