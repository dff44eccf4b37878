import { expect, it } from "vitest";
import { depositFor } from "./run-job.ts";

const gp = { symbol: "GP", decimals: 2 };

it("deposits real money for the job alone, and play money for some more jobs, never more than there is", () => {
  const need = { short: 30n, escrow: 50n, wallet: 100_000n };
  expect(depositFor(need, gp, false)).toBe(30n);
  expect(depositFor(need, gp, true)).toBe(1_000n);
  expect(depositFor({ ...need, escrow: 70n }, gp, true)).toBe(1_400n);
  expect(depositFor({ ...need, wallet: 900n }, gp, true)).toBe(900n);
  expect(depositFor({ ...need, wallet: 30n }, gp, true)).toBe(30n);
});
