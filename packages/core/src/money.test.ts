import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "./errors.ts";
import { basisPoints, formatAmount, formatPrice, formatRate, parseAmount } from "./money.ts";

const GP = { symbol: "GP", decimals: 18 };
const USDC = { symbol: "USDC", decimals: 6 };

const codeThrown = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
};

describe("amounts", () => {
  it("parses what it formats, for every amount and both tokens", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.constantFrom(GP, USDC), (base, token) => {
        expect(parseAmount(formatAmount(base, token), token)).toBe(base);
      }),
    );
  });

  it("shows of a price what people read, and never less than it", () => {
    expect(formatPrice(6_672_143_055_555n, GP)).toBe("0.00000667215");
    expect(formatPrice(2_602_916_666_666_700n, GP)).toBe("0.00260292");
    expect(formatPrice(1_234_567_890_000n, USDC)).toBe("1234567.89");
    expect(formatPrice(1_234_567_891_000n, USDC)).toBe("1234567.9");
    expect([0n, 1n, 1_500_000n].map((base) => formatPrice(base, USDC))).toEqual(["0", "0.000001", "1.5"]);
    expect(formatRate(8_676_388_888_889n, GP)).toBe("0.0312351 GP/h");
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n }), (base) => {
        expect(parseAmount(formatPrice(base, GP), GP)).toBeGreaterThanOrEqual(base);
      }),
    );
  });

  it("keeps the digits that people write", () => {
    expect(parseAmount("1.5", USDC)).toBe(1_500_000n);
    expect(parseAmount("0.000000000000000001", GP)).toBe(1n);
    expect(parseAmount("2.500000000", USDC)).toBe(2_500_000n);
    expect(formatAmount(1_500_000n, USDC)).toBe("1.5");
    expect(formatAmount(-1n, USDC)).toBe("-0.000001");
    expect(formatAmount(7n, { symbol: "X", decimals: 0 })).toBe("7");
    expect(formatAmount(0n, USDC)).toBe("0");
    expect(formatAmount(-1_500_000n, USDC)).toBe("-1.5");
    expect(parseAmount("7", { symbol: "X", decimals: 0 })).toBe(7n);
    expect(parseAmount("12", USDC)).toBe(12_000_000n);
  });

  it("refuses signs, exponents, lost digits and absurd lengths", () => {
    for (const text of ["", "-1", "+1", "1e3", "0x10", "1.0000001", ".5", "1.", "1,5", "NaN", "9".repeat(41)]) {
      expect(
        codeThrown(() => parseAmount(text, USDC)),
        text,
      ).toBe("bad-amount");
    }
  });

  it("rounds a share down and never above the whole", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), fc.bigInt({ min: 0n, max: 10_000n }), (amount, bps) => {
        const share = basisPoints(amount, bps);
        expect(share * 10_000n <= amount * bps).toBe(true);
        expect((share + 1n) * 10_000n > amount * bps).toBe(true);
        expect(share <= amount).toBe(true);
      }),
    );
  });
});
