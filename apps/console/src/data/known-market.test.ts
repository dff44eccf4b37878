import type { Market } from "@corepool/protocol/resources";
import fc from "fast-check";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { failureOf } from "../identity/failure.ts";

const kept = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (key: string) => kept.get(key) ?? null,
  setItem: (key: string, value: string) => void kept.set(key, value),
});
const { checkMarket, knownMarket, parseKnown, told, trustMarket } = await import("./known-market.ts");

const address = (byte: string) => `0x${byte.repeat(20)}`;
const market = (chainId: number, contract: string, ...tokens: readonly string[]) =>
  ({
    chainId,
    contracts: { leaseMarket: address(contract) },
    tokens: tokens.map((each) => ({ address: address(each) })),
  }) as unknown as Market;

/** What came of a check. */
function checked(of: Market): string {
  try {
    checkMarket(of);
    return "same";
  } catch (error) {
    return failureOf(error);
  }
}

describe("what the coordinator says that money goes to", () => {
  beforeEach(() => {
    kept.clear();
    knownMarket.set(undefined);
  });

  it("is remembered at the first signature, and nothing else is signed for until somebody says so", () => {
    expect(checked(market(31_337, "Aa", "01", "02"))).toBe("same");
    expect(checked(market(31_337, "aA", "02", "01"))).toBe("same");
    const others = [market(1, "aa", "01", "02"), market(31_337, "bb", "01", "02"), market(31_337, "aa", "01", "03")];
    for (const other of others) expect(checked(other)).toBe("other-market");
    expect(knownMarket.get()).toEqual(told(market(31_337, "aa", "01", "02")));
    trustMarket(market(1, "aa", "01"));
    expect([checked(market(1, "aa", "01")), checked(market(31_337, "aa", "01", "02"))]).toEqual([
      "same",
      "other-market",
    ]);
  });

  it("holds across tabs, and on a page whose browser keeps nothing", () => {
    expect(checked(market(1, "aa"))).toBe("same");
    // Another tab has trusted another one since.
    kept.set("corepool.market", JSON.stringify(told(market(2, "bb"))));
    expect([checked(market(1, "aa")), checked(market(2, "bb"))]).toEqual(["other-market", "same"]);
    kept.clear();
    expect(checked(market(3, "cc"))).toBe("other-market");
  });

  it("is read only where it is whole", () => {
    fc.assert(fc.property(fc.string(), (text) => parseKnown(text) === undefined));
    fc.assert(fc.property(fc.json(), (text) => parseKnown(text) === undefined));
    expect(parseKnown(JSON.stringify(told(market(1, "aa", "01"))))).toEqual(told(market(1, "aa", "01")));
  });
});
