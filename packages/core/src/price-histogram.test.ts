import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { priceHistogram } from "./price-histogram.ts";

const prices = fc.array(
  fc.record({ rate: fc.bigInt({ min: 1n, max: 10n ** 24n }), offers: fc.integer({ min: 1, max: 50 }) }),
  { minLength: 1, maxLength: 60 },
);

describe("the histogram of prices", () => {
  it("keeps a few dear offers from squeezing all others into one bucket", () => {
    const cheap = Array.from({ length: 99 }, (_, i) => ({ rate: BigInt(100 + i), offers: 1 }));
    const found = priceHistogram([...cheap, { rate: 10n ** 9n, offers: 1 }], 10);
    expect(found).toMatchObject({ offers: 100, lowest: 100n, median: 149n, highest: 10n ** 9n });
    expect(found?.buckets.filter(({ offers }) => offers > 0).length).toBeGreaterThan(8);
    expect(found?.buckets.at(-1)).toMatchObject({ to: null });
    expect(priceHistogram([], 10)).toBeUndefined();
    expect(priceHistogram([{ rate: 7n, offers: 3 }], 10)?.buckets).toEqual([{ from: 7n, to: 8n, offers: 3 }]);
  });

  it("counts every offer in exactly one bucket, and has no more buckets than asked for and one", () => {
    fc.assert(
      fc.property(prices, fc.integer({ min: 1, max: 40 }), (given, most) => {
        const found = priceHistogram(given, most);
        const total = given.reduce((sum, { offers }) => sum + offers, 0);
        expect(found?.offers).toBe(total);
        const buckets = found?.buckets ?? [];
        expect(buckets.reduce((sum, { offers }) => sum + offers, 0)).toBe(total);
        expect(buckets.length).toBeLessThanOrEqual(most + 1);
        for (const [i, { from, to }] of buckets.entries()) {
          if (to === null) expect(i).toBe(buckets.length - 1);
          else expect(buckets[i + 1]?.from ?? to).toBe(to);
          expect(to === null || from < to).toBe(true);
        }
        expect(found !== undefined && found.lowest <= found.median && found.median <= found.highest).toBe(true);
      }),
    );
  });
});
