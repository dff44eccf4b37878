import { codeOf } from "@corepool/core/errors";
import { expect, it } from "vitest";
import { checkHeld } from "./wallet.ts";

const gp = { symbol: "GP", decimals: 18 };
const whole = (amount: bigint): bigint => amount * 10n ** 18n;

const refusal = (wanted: bigint): unknown => {
  try {
    checkHeld("the wallet", whole(500n), wanted, gp);
    return undefined;
  } catch (error) {
    return error;
  }
};

it("says what the wallet has when more is to be moved, before the contract refuses it", () => {
  expect(refusal(whole(500n))).toBeUndefined();
  const more = refusal(whole(99_999_999n));
  expect(codeOf(more)).toBe("insufficient-funds");
  expect((more as Error).message).toContain("the wallet has 500 GP");
  expect(codeOf(refusal(0n))).toBe("bad-amount");
});
