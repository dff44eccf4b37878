import type { Hex } from "@corepool/core/hex";
import { encodeAbiParameters, encodeErrorResult, encodeEventTopics, toEventSelector, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import { leaseMarketAbi } from "../abi/lease-market.gen.ts";
import { decodeMarketEvent, termsAfter } from "./events.ts";
import { decodeRevert, errorNameOf } from "./reverts.ts";

const lease: Hex = `0x${"ab".repeat(32)}`;
const place = {
  address: `0x${"1".repeat(40)}`,
  blockNumber: 7n,
  blockHash: zeroHash,
  transactionHash: zeroHash,
  logIndex: 3,
} as const;
const settled = {
  ...place,
  topics: encodeEventTopics({ abi: leaseMarketAbi, eventName: "LeaseSettled", args: { lease } }) as readonly Hex[],
  data: encodeAbiParameters([{ type: "uint128" }, { type: "uint128" }, { type: "uint128" }], [2n ** 127n, 95n, 5n]),
};
const address: Hex = `0x${"2".repeat(40)}`;
const terms = {
  provider: address,
  unit: "1",
  seq: 0,
  client: address,
  payTo: address,
  key: address,
  token: address,
  rate: "1",
  escrow: "10",
  paid: "0",
  start: 1,
  end: 11,
  maxEnd: 20,
  closeAt: 0,
  grace: 1,
  feeBps: 500,
  funder: address,
  fundingRef: zeroHash,
};

describe("events of the market", () => {
  it("are typed, keep whole amounts and know their place", () => {
    const event = decodeMarketEvent(settled);
    expect(event).toEqual({ name: "LeaseSettled", args: { lease, total: 2n ** 127n, amount: 95n, fee: 5n }, place });
    expect(event === undefined ? undefined : termsAfter(terms, event).paid).toBe(String(2n ** 127n));
  });

  it("of another contract are not ours", () => {
    expect(decodeMarketEvent({ ...settled, topics: [toEventSelector("Nothing(uint256)")] })).toBeUndefined();
    expect(decodeMarketEvent({ ...settled, topics: [] })).toBeUndefined();
  });

  it("with cut data are refused, not guessed", () => {
    expect(() => decodeMarketEvent({ ...settled, data: "0x00" })).toThrow();
  });
});

describe("reverts", () => {
  it("name our errors with their arguments", () => {
    const data = encodeErrorResult({ abi: leaseMarketAbi, errorName: "InsufficientCash", args: [5n, 10n] });
    expect(decodeRevert(data)).toEqual({
      name: "InsufficientCash",
      args: { cash: "5", needed: "10" },
      text: "InsufficientCash(cash: 5, needed: 10)",
    });
    expect(errorNameOf(data.slice(0, 10) as Hex)).toBe("InsufficientCash");
  });

  it("say so when they cannot be read", () => {
    expect(decodeRevert(undefined).name).toBe("unknown");
    expect(decodeRevert("0xdeadbeef")).toMatchObject({ name: "unknown", text: "the call reverted with 0xdeadbeef" });
    expect(errorNameOf("0x00000000")).toBe("unknown");
  });
});
