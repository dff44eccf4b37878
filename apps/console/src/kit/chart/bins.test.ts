import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binsOf, niceStep } from "./bins.ts";

describe("a histogram", () => {
  it("has ends that people can read", () => {
    expect([0.0013, 0.3, 1, 2.1, 7, 4000].map(niceStep)).toEqual([0.002, 0.5, 1, 5, 10, 5000]);
    expect(binsOf([0, 1, 2, 3, 10], 6)).toEqual([
      { from: 0, to: 2, count: 2 },
      { from: 2, to: 4, count: 2 },
      { from: 4, to: 6, count: 0 },
      { from: 6, to: 8, count: 0 },
      { from: 8, to: 10, count: 0 },
      { from: 10, to: 12, count: 1 },
    ]);
  });

  it("has one bar for values that are all alike, and none for none", () => {
    expect(binsOf([3, 3])).toEqual([{ from: 3, to: 3, count: 2 }]);
    expect(binsOf([])).toEqual([]);
    expect(binsOf([Number.NaN, Number.POSITIVE_INFINITY])).toEqual([]);
  });

  it("counts every value once, in no more bars than it may have", () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 2, max: 40 }),
        (values, most) => {
          const bins = binsOf(values, most);
          expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(values.length);
          expect(bins.length).toBeLessThanOrEqual(most + 1);
        },
      ),
    );
  });
});
