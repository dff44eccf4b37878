import { describe, expect, it } from "vitest";
import { termsOfOpened } from "./lease-events.ts";

const at = (digit: string) => `0x${digit.repeat(40)}` as const;
const opened = {
  client: at("1"),
  provider: at("2"),
  tokenRate: (BigInt(at("3")) << 96n) | (2n ** 96n - 1n),
  keyUnitSeq: (BigInt(at("4")) << 96n) | ((2n ** 64n - 1n) << 32n) | 7n,
  payToStartGraceFee: (BigInt(at("5")) << 96n) | (1_800_000_000n << 48n) | ((2n ** 32n - 1n) << 16n) | 500n,
  escrowEnds: ((2n ** 128n - 1n) << 128n) | (1_800_003_600n << 40n) | 1_800_086_400n,
};

describe("termsOfOpened", () => {
  it("unpacks every member at its full width", () => {
    expect(termsOfOpened(opened)).toEqual({
      provider: at("2"),
      unit: String(2n ** 64n - 1n),
      seq: 7,
      client: at("1"),
      payTo: at("5"),
      key: at("4"),
      token: at("3"),
      rate: String(2n ** 96n - 1n),
      escrow: String(2n ** 128n - 1n),
      paid: "0",
      start: 1_800_000_000,
      end: 1_800_003_600,
      maxEnd: 1_800_086_400,
      closeAt: 0,
      grace: 2 ** 32 - 1,
      feeBps: 500,
      funder: at("0"),
      fundingRef: `0x${"0".repeat(64)}`,
    });
  });

  it("takes the funder from the event that follows", () => {
    const ref = `0x${"9".repeat(64)}` as const;
    expect(termsOfOpened(opened, { funder: at("8"), fundingRef: ref })).toMatchObject({
      funder: at("8"),
      fundingRef: ref,
    });
  });
});
