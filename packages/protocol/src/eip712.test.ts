import { hashTypedData, zeroAddress, zeroHash } from "viem";
import { describe, expect, it } from "vitest";
import {
  closeData,
  digestOf,
  orderData,
  paymentNoteData,
  requestCloseData,
  unitLeaf,
  usageReportData,
} from "./eip712.ts";
import type { OrderMessage, UsageReport } from "./spec.ts";

const market = { chainId: 31_337, market: `0x${"5e".repeat(20)}` } as const;
const order: OrderMessage = {
  client: `0x${"c1".repeat(20)}`,
  token: `0x${"60".repeat(20)}`,
  maxRate: String(2n ** 96n - 1n),
  bid: "0",
  maxEscrow: String(2n ** 128n - 1n),
  duration: 60,
  key: `0x${"e1".repeat(20)}`,
  units: unitLeaf(`0x${"a1".repeat(20)}`, 3n),
  expiry: 4_000_000_000,
  nonce: 1,
  counter: 1,
  gang: "0",
  funder: zeroAddress,
  fundingRef: zeroHash,
};
const report: UsageReport = {
  lease: zeroHash,
  attempt: "att_1",
  startedAtMs: "1",
  endedAtMs: "2",
  frozenMs: "0",
  cpuMs: "0",
  maxRssBytes: "0",
  exitCode: -1,
  reason: "exited",
  outputs: zeroHash,
};

describe("the digest that is signed", () => {
  it.each([
    ["an order", orderData(market, order)],
    ["a payment note", paymentNoteData(market, zeroHash, 2n ** 128n - 1n)],
    ["a close", closeData(market, zeroHash, 0n)],
    ["a requested close", requestCloseData(market, zeroHash)],
    ["a usage report", usageReportData(market, report)],
    ["the same on another chain", closeData({ ...market, chainId: 1 }, zeroHash, 0n)],
    ["the same in another market", closeData({ ...market, market: zeroAddress }, zeroHash, 0n)],
  ])("is viem's: %s", (_, data) => {
    expect(digestOf(data)).toBe(hashTypedData(data as Parameters<typeof hashTypedData>[0]));
  });

  it("is none of what does not fit its type", () => {
    expect(() => digestOf(paymentNoteData(market, zeroHash, 2n ** 128n))).toThrow();
    expect(() => digestOf(orderData(market, { ...order, client: "0x12" }))).toThrow();
  });
});
