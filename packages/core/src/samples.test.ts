import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Sample, usagePoints } from "./samples.ts";

const sample = (at: number, changes: Partial<Sample> = {}): Sample => ({
  at,
  cpuMs: 0,
  memoryBytes: 0,
  diskBytes: null,
  processes: 1,
  ...changes,
});

const series = fc
  .array(
    fc.record({
      passed: fc.integer({ min: 1, max: 20_000 }),
      used: fc.integer({ min: 0, max: 40_000 }),
      memoryBytes: fc.nat(),
      diskBytes: fc.option(fc.nat()),
      processes: fc.nat(500),
    }),
    { minLength: 1, maxLength: 200 },
  )
  .map((steps) => {
    let [at, cpuMs] = [1_000_000, 0];
    return steps.map(({ passed, used, ...rest }): Sample => {
      at += passed;
      cpuMs += used;
      return { at, cpuMs, ...rest };
    });
  });

describe("points of a workload's usage", () => {
  it("say how many processors were in use since the point before", () => {
    const samples = [sample(0), sample(1_000, { cpuMs: 500 }), sample(2_000, { cpuMs: 2_500 })];
    expect(usagePoints(samples, 100).map(({ at, cpus }) => [at, cpus])).toEqual([
      [0, 0],
      [1_000, 0.5],
      [2_000, 2],
    ]);
    expect(usagePoints([], 10)).toEqual([]);
  });

  it("are no more than asked for, in order, and lose neither a peak nor processor time", () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 50 }), (samples, points) => {
        const result = usagePoints(samples, points);
        expect(result.length).toBeLessThanOrEqual(points);
        const times = result.map(({ at }) => at);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        expect(times.at(-1)).toBe(samples.at(-1)?.at);
        expect(Math.max(...result.map(({ memoryBytes }) => memoryBytes))).toBe(
          Math.max(...samples.map(({ memoryBytes }) => memoryBytes)),
        );
        let from = samples[0]?.at ?? 0;
        let used = 0;
        for (const { at, cpus } of result) {
          used += cpus * (at - from);
          from = at;
        }
        const all = (samples.at(-1)?.cpuMs ?? 0) - (samples[0]?.cpuMs ?? 0);
        // Each point is rounded to a thousandth of a processor.
        expect(Math.abs(used - all)).toBeLessThanOrEqual((from - (samples[0]?.at ?? 0)) / 1_000 + 1);
      }),
    );
  });

  it("of a counter that began anew count nothing for it, and never less than nothing", () => {
    const samples = [sample(0, { cpuMs: 900 }), sample(1_000, { cpuMs: 100 }), sample(2_000, { cpuMs: 1_100 })];
    expect(usagePoints(samples, 10).map(({ cpus }) => cpus)).toEqual([0, 0, 1]);
  });
});
