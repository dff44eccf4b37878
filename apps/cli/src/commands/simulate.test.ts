import { expect, it } from "vitest";
import { parseDecimal } from "./simulate.ts";

it("takes decimals within bounds, and says what is wrong with others", () => {
  expect([parseDecimal("1.3", "--load", 100), parseDecimal("0", "--load", 100)]).toEqual([1.3, 0]);
  for (const text of ["-1", "101", "1e9", "NaN", "", "1.2.3"])
    expect(() => parseDecimal(text, "--load", 100)).toThrow(`--load "${text}" is not a number of 0 to 100.`);
});
