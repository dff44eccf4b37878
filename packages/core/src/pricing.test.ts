import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { suggestRate } from "./pricing.ts";
import type { Resources } from "./resources.ts";

const GIB = 2 ** 30;
const core: Resources = { cpus: 1, memoryBytes: 2 * GIB, diskBytes: 0, gpus: [] };
const gpu = (model: string, memoryBytes = 80 * GIB) => ({ id: model, model, memoryBytes });

describe("the suggested rate", () => {
  it("is the table's price per second, rounded up", () => {
    // 10,000 + 2 × 2,000 millionths of a dollar an hour, in a token of 18 decimals.
    expect(suggestRate(core, 18)).toBe((14_000n * 10n ** 18n + 3_599_999_999n) / 3_600_000_000n);
    expect(suggestRate(core, 6)).toBe(4n);
  });

  it("counts disk, GPUs and the memory of a GPU that the table does not know", () => {
    // In a token of 18 decimals, whole dollars an hour become whole rates.
    const perHour = (resources: Resources): bigint => suggestRate(resources, 18) * 3_600n;
    const close = (actual: bigint, micros: bigint) => {
      const exact = micros * 10n ** 12n;
      expect(actual >= exact && actual < exact + 3_600n, `${actual} for ${micros}`).toBe(true);
    };
    const none: Resources = { cpus: 0, memoryBytes: 0, diskBytes: 0, gpus: [] };
    close(perHour({ ...none, diskBytes: 2_000 * GIB }), 100_000n);
    close(perHour({ ...none, cpus: 3, memoryBytes: 5 * GIB, diskBytes: 100 * GIB }), 45_000n);
    close(perHour({ ...none, gpus: [gpu("H100"), gpu("NVIDIA L4")] }), 2_750_000n);
    close(perHour({ ...none, gpus: [gpu("nobody's", 24 * GIB)] }), 288_000n);
  });

  it("is never zero", () => {
    expect(suggestRate({ cpus: 1, memoryBytes: 0, diskBytes: 0, gpus: [] }, 0)).toBe(1n);
    expect(suggestRate({ cpus: 0, memoryBytes: 0, diskBytes: 0, gpus: [] }, 18)).toBe(1n);
    // 36 cores for 0.36 dollars an hour are exactly one base unit of 0.0001 dollars a second.
    expect(suggestRate({ cpus: 36, memoryBytes: 0, diskBytes: 0, gpus: [] }, 4)).toBe(1n);
    expect(suggestRate({ cpus: 37, memoryBytes: 0, diskBytes: 0, gpus: [] }, 4)).toBe(2n);
    expect(suggestRate({ cpus: 72, memoryBytes: 0, diskBytes: 0, gpus: [] }, 4)).toBe(2n);
    // A millionth of a dollar an hour above one base unit a second: 537 kB of memory.
    expect(suggestRate({ cpus: 360_000, memoryBytes: 536_871, diskBytes: 0, gpus: [] }, 0)).toBe(2n);
  });

  it("knows a GPU by its full name and prices an unknown one by its memory", () => {
    const withGpu = (model: string) => suggestRate({ ...core, gpus: [gpu(model)] }, 18) - suggestRate(core, 18);
    expect(withGpu("NVIDIA GB200")).toBeGreaterThan(withGpu("NVIDIA B200"));
    expect(withGpu("NVIDIA L40S")).toBeGreaterThan(withGpu("NVIDIA L4"));
    expect(withGpu("Nobody's chip")).toBeGreaterThan(0n);
  });

  it("never falls when a unit grows", () => {
    const amount = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 512 }),
        amount,
        amount,
        amount,
        fc.integer({ min: 0, max: 18 }),
        (...args) => {
          const [cpus, memoryBytes, diskBytes, more, decimals] = args;
          const small = suggestRate({ cpus, memoryBytes, diskBytes, gpus: [] }, decimals);
          expect(suggestRate({ cpus, memoryBytes: memoryBytes + more, diskBytes, gpus: [] }, decimals) >= small).toBe(
            true,
          );
          expect(suggestRate({ cpus: cpus + 1, memoryBytes, diskBytes, gpus: [gpu("x")] }, decimals) > 0n).toBe(true);
        },
      ),
    );
  });
});
