import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forecastSpend, type Spending } from "./spend.ts";

const NOTHING: Spending = { perDay: [], rate: 0n, cash: 0n, escrowed: 0n };
const amount = fc.bigInt({ min: 0n, max: 10n ** 30n });
const spending = fc.record({
  perDay: fc.array(amount, { maxLength: 40 }),
  rate: fc.bigInt({ min: 0n, max: 10n ** 20n }),
  cash: amount,
  escrowed: amount,
});

describe("the forecast of spending", () => {
  it("is nothing for who spends nothing", () => {
    expect(forecastSpend(NOTHING)).toEqual({ averageDay: 0n, nextThirtyDays: 0n, runsOutSeconds: null });
    expect(forecastSpend({ ...NOTHING, perDay: [0n, 0n, 0n], cash: 5n }).averageDay).toBe(0n);
  });

  it("is the average of the last seven days that are over, from the first spending on", () => {
    expect(forecastSpend({ ...NOTHING, perDay: [0n, 10n, 20n, 1_000n] }).averageDay).toBe(15n);
    const nine = [1n, 1n, 7n, 7n, 7n, 7n, 7n, 7n, 7n, 99n];
    expect(forecastSpend({ ...NOTHING, perDay: nine })).toMatchObject({ averageDay: 7n, nextThirtyDays: 210n });
  });

  it("on a first day is what that day has seen so far", () => {
    expect(forecastSpend({ ...NOTHING, perDay: [0n, 50n] })).toMatchObject({ averageDay: 50n, nextThirtyDays: 1_500n });
  });

  it("says how long the money lasts at the rate of now", () => {
    expect(forecastSpend({ ...NOTHING, rate: 3n, cash: 8n, escrowed: 2n }).runsOutSeconds).toBe(3);
    expect(forecastSpend({ ...NOTHING, rate: 1n, cash: 10n ** 30n }).runsOutSeconds).toBe(3_155_760_000);
  });

  it("never lies outside of what was spent, and grows with what is left", () => {
    fc.assert(
      fc.property(spending, (each) => {
        const { averageDay, runsOutSeconds } = forecastSpend(each);
        const over = each.perDay.length > 1 ? each.perDay.slice(0, -1) : each.perDay;
        const highest = over.reduce((most, spent) => (spent > most ? spent : most), 0n);
        if (over.some((spent) => spent > 0n)) expect(averageDay <= highest).toBe(true);
        expect(averageDay >= 0n).toBe(true);
        const richer = forecastSpend({ ...each, cash: each.cash + 1_000n }).runsOutSeconds;
        if (runsOutSeconds !== null) expect(richer).toBeGreaterThanOrEqual(runsOutSeconds);
        expect(runsOutSeconds === null).toBe(each.rate === 0n);
      }),
    );
  });
});
