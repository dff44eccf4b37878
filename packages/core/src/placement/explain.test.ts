import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Capacity, Demand } from "./demand.ts";
import { Pool } from "./pool.ts";
import { capacities, demands } from "./testing/arbitraries.ts";

const gpu = { model: "A100", memoryMib: 80, shareable: true, group: -1 };
const box = (more: Partial<Capacity> = {}): Capacity => ({
  ...{ cpuMilli: 8_000, memoryMib: 64, diskMib: 64, devices: [gpu] },
  ...more,
});
const one: Demand = { cpuMilli: 1_000, memoryMib: 1, diskMib: 1, gpus: 1, gpuMilli: 1_000 };

function poolOf(boxes: readonly Capacity[], perGpu = 100n): Pool {
  const pool = new Pool();
  boxes.forEach((capacity, at) => {
    pool.add({ id: `m${at}`, capacity, price: { perGpu: perGpu + BigInt(at), perCpu: 1n }, reputation: 1, since: 0 });
  });
  return pool;
}

const lacks = (pool: Pool, demand: Demand, maxRate?: bigint) =>
  pool
    .explain({ demand, maxRate })
    .refusals.map(({ dimension, required, available, busy }) => [dimension, required, available, busy]);

describe("an explanation", () => {
  it("refuses the machines that have no room and no others, and its changes are promises that are kept", () => {
    const prices = fc.option(fc.bigInt({ min: 0n, max: 300n }), { nil: undefined });
    const work = fc.array(demands, { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(capacities, { minLength: 1, maxLength: 6 }),
        work,
        demands,
        prices,
        (boxes, running, demand, maxRate) => {
          const pool = poolOf(boxes);
          for (const [at, each] of running.entries()) pool.place({ id: `w${at}`, demand: each }, 0);
          const told = pool.explain({ demand, maxRate });
          const fitting = boxes.filter((_, at) => pool.fits({ demand, maxRate, accepts: ({ id }) => id === `m${at}` }));
          expect(told.considered).toBe(boxes.length);
          expect(told.fitting).toBe(fitting.length);
          expect(told.refusals).toHaveLength(boxes.length - fitting.length);
          for (const { machine } of told.refusals)
            expect(pool.fits({ demand, maxRate, accepts: ({ id }) => id === machine })).toBe(false);
          expect(told.counts.reduce((sum, { machines }) => sum + machines, 0)).toBe(told.refusals.length);
          expect(told.changes.length).toBeLessThanOrEqual(fitting.length > 0 ? 0 : 3);
          for (const change of told.changes) {
            expect(change.machines).toBeGreaterThan(0);
            const gang = {
              id: "g",
              demand: change.demand,
              maxRate: change.maxRate,
              workers: change.workers,
              spread: "any",
            } as const;
            expect(pool.placeAll(gang, 0)).toHaveLength(change.workers);
            for (let i = 0; i < change.workers; i++) pool.release(`g#${i}`);
          }
        },
      ),
    );
  });

  it("names what is lacking, how much was asked and how much is there, and whether waiting helps", () => {
    const pool = poolOf([box()]);
    const asked = (more: Partial<Demand>) => lacks(pool, { ...one, ...more });
    expect(asked({})).toEqual([]);
    expect(asked({ gpus: 2 })).toEqual([["gpu-count", "2", "1", false]]);
    expect(asked({ models: ["T4", "H100"] })).toEqual([["gpu-model", "1 × T4 or H100", "0; there is A100", false]]);
    expect(asked({ gpuMemoryMib: 141 })).toEqual([["gpu-memory", "141", "80", false]]);
    expect(asked({ cpuMilli: 9_000 })).toEqual([["cpus", "9000", "8000", false]]);
    expect(asked({ memoryMib: 65 })).toEqual([["memory", "65", "64", false]]);
    expect(asked({ diskMib: 65 })).toEqual([["disk", "65", "64", false]]);
    expect(lacks(pool, one, 100n)).toEqual([["price", "100", "101", false]]);
    expect(pool.explain({ demand: one, accepts: () => false }).counts).toEqual([
      { dimension: "constraint", machines: 1 },
    ]);
    pool.place({ id: "w", demand: { ...one, gpuMilli: 700 } }, 0);
    expect(asked({ gpuMilli: 400 })).toEqual([["gpu-share", "400", "300", true]]);
    expect(asked({})).toEqual([["gpu-count", "1", "0", true]]);
    pool.setOpen("m0", false);
    expect(asked({}).map(([dimension]) => dimension)).toEqual(["closed"]);
    expect(lacks(poolOf([box({ devices: [{ ...gpu, shareable: false }] })]), { ...one, gpuMilli: 500 })).toEqual([
      ["gpu-share", "500", "whole devices only", false],
    ]);
    const pair = box({
      devices: [
        { ...gpu, group: 0 },
        { ...gpu, group: 1 },
      ],
    });
    expect(lacks(poolOf([pair]), { ...one, gpus: 2, together: true })).toEqual([["gpu-together", "2", "1", false]]);
  });

  it("proposes the cheapest changes first: a little less, a little more, or several small ones", () => {
    const changes = (boxes: readonly Capacity[], more: Partial<Demand>, maxRate?: bigint) =>
      poolOf(boxes)
        .explain({ demand: { ...one, ...more }, maxRate })
        .changes.map(({ change, machines }) => [change, machines]);
    expect(changes([box(), box(), box(), box()], { gpus: 4, cpuMilli: 4_000 })).toEqual([
      ["ask for 1 GPU", 4],
      ["take 4 × 1 instead of 1 × 4 GPUs", 4],
    ]);
    expect(changes([box(), box({ cpuMilli: 4_000 })], { cpuMilli: 10_000 }, 120n)).toEqual([["ask for 8 cores", 1]]);
    expect(changes([box(), box()], {}, 100n)).toEqual([["pay up to 101 base units per second", 1]]);
    // Half of what would be needed is no help.
    expect(changes([box({ memoryMib: 1 })], { cpuMilli: 10_000, memoryMib: 10 })).toEqual([]);
    expect(changes([], {})).toEqual([]);
  });
});
