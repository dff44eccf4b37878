import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Capacity, Demand } from "./demand.ts";
import { Pool, type Spread } from "./pool.ts";
import { capacities, demands } from "./testing/arbitraries.ts";

const FREE = { perGpu: 0n, perCpu: 0n };
const REGIONS = ["kr", "de"];
const gpu = { model: "A100", memoryMib: 80, shareable: true, group: -1 };
const box = (gpus: number): Capacity => ({
  ...{ cpuMilli: 100_000, memoryMib: 1_000, diskMib: 1_000 },
  devices: Array.from({ length: gpus }, () => gpu),
});
const one: Demand = { cpuMilli: 1_000, memoryMib: 1, diskMib: 0, gpus: 1, gpuMilli: 1_000 };

function poolOf(boxes: readonly Capacity[]): Pool {
  const pool = new Pool();
  boxes.forEach((capacity, at) => {
    pool.add({ id: `m${at}`, capacity, price: FREE, reputation: 1, since: 0, region: REGIONS[at % 2] });
  });
  return pool;
}

const freeOf = (pool: Pool, boxes: readonly Capacity[]) => boxes.map((_, at) => pool.freeOf(`m${at}`));

/** Workers that find a place one after the other among the machines that `near` allows. */
function oneByOne(boxes: readonly Capacity[], demand: Demand, near: (at: number) => boolean): number {
  const pool = poolOf(boxes);
  let count = 0;
  const accepts = ({ id }: { readonly id: string }): boolean => near(Number(id.slice(1)));
  while (count < 40 && pool.place({ id: `w${count}`, demand, accepts }, 0) !== undefined) count++;
  return count;
}

/** The most workers that can start together. */
function mostOf(boxes: readonly Capacity[], demand: Demand, spread: Spread): number {
  if (spread === "any") return oneByOne(boxes, demand, () => true);
  const places = spread === "machine" ? boxes.map((_, at) => at) : [0, 1];
  const near = (place: number) => (at: number) => (spread === "machine" ? at : at % 2) === place;
  return Math.max(...places.map((place) => oneByOne(boxes, demand, near(place))));
}

describe("a gang", () => {
  it("starts whole when there is room for all of it within its spread, or leaves everything as it was", () => {
    const spreads = fc.constantFrom<Spread>("machine", "region", "any");
    fc.assert(
      fc.property(
        fc.array(capacities, { minLength: 1, maxLength: 5 }),
        // A worker that takes nothing would fit any number of times.
        demands.filter(({ cpuMilli }) => cpuMilli > 0),
        fc.integer({ min: 1, max: 8 }),
        spreads,
        (boxes, demand, workers, spread) => {
          const pool = poolOf(boxes);
          const before = freeOf(pool, boxes);
          const places = pool.placeAll({ id: "g", demand, workers, spread }, 5);
          expect(places !== undefined).toBe(mostOf(boxes, demand, spread) >= workers);
          if (places === undefined) expect(freeOf(pool, boxes)).toEqual(before);
          else {
            expect(places).toHaveLength(workers);
            const near = places.map(({ machine }) =>
              spread === "machine" ? machine : REGIONS[Number(machine.slice(1)) % 2],
            );
            if (spread !== "any") expect(new Set(near).size).toBe(1);
          }
          for (let i = 0; i < workers; i++) pool.release(`g#${i}`);
          expect(freeOf(pool, boxes)).toEqual(before);
        },
      ),
    );
  });

  it("that does not start changes no machine's place in the queue", () => {
    // Only the first could take a worker; for what asks for no device both are alike, and it is first by its name.
    const pool = poolOf([box(1), box(0)]);
    expect(pool.placeAll({ id: "g", demand: one, workers: 2, spread: "any" }, 1_000_000)).toBeUndefined();
    const next = { ...one, gpus: 0, gpuMilli: 0 };
    expect(pool.place({ id: "w", demand: next }, 1_000_001)?.machine).toBe("m0");
  });

  it("takes one machine that holds all of it rather than break up one that others have a use for", () => {
    const pool = poolOf([box(8), box(4), box(2)]);
    for (let i = 0; i < 64; i++) {
      pool.place({ id: "w", demand: { ...one, gpus: 8 } }, 0);
      pool.release("w");
    }
    const places = pool.placeAll({ id: "g", demand: one, workers: 4, spread: "machine" }, 0);
    expect(places?.map(({ machine }) => machine)).toEqual(["m1", "m1", "m1", "m1"]);
  });

  it("does not take the name of a workload that has a place", () => {
    const pool = poolOf([box(4)]);
    pool.place({ id: "g#1", demand: one }, 0);
    const before = freeOf(pool, [box(4)]);
    expect(() => pool.placeAll({ id: "g", demand: one, workers: 2, spread: "any" }, 0)).toThrow(
      "g#1 has a place already",
    );
    expect(freeOf(pool, [box(4)])).toEqual(before);
  });

  it("of absurd size is refused", () => {
    for (const workers of [-1, 0, 0.5, 1e9])
      expect(() => poolOf([box(1)]).placeAll({ id: "g", demand: one, workers, spread: "any" }, 0)).toThrow(
        expect.objectContaining({ code: "bad-request" }) as Error,
      );
  });
});
