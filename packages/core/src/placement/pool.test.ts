import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Capacity, Demand } from "./demand.ts";
import type { PoolMachine } from "./entry.ts";
import { Pool, type PoolRequest } from "./pool.ts";
import { capacities, demands } from "./testing/arbitraries.ts";
import { Reference } from "./testing/reference.ts";

const FREE = { perGpu: 0n, perCpu: 0n };
const machine = (id: string, capacity: Capacity, more: Partial<PoolMachine> = {}): PoolMachine => ({
  ...{ id, capacity, price: FREE, reputation: 1, since: 0 },
  ...more,
});
const gpu = { model: "A100", memoryMib: 80, shareable: true, group: 0 };
const box: Capacity = { cpuMilli: 16_000, memoryMib: 64, diskMib: 64, devices: [gpu, gpu] };
const half: Demand = { cpuMilli: 1_000, memoryMib: 1, diskMib: 1, gpus: 1, gpuMilli: 500 };

type Step =
  | { readonly kind: "place"; readonly demand: Demand }
  | { readonly kind: "release" | "close" | "open" | "remove"; readonly at: number };
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant("place" as const), demand: demands }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          "release" as const,
          "release" as const,
          "close" as const,
          "open" as const,
          "remove" as const,
        ),
        at: fc.nat(40),
      }),
    },
  ),
  { maxLength: 60 },
);

describe("a pool", () => {
  it("gives out nothing twice, and finds a place whenever there is one", () => {
    fc.assert(
      fc.property(fc.array(capacities, { minLength: 1, maxLength: 6 }), steps, (boxes, all) => {
        // Few states are kept, so that forgetting is met with too.
        const pool = new Pool({ states: 40, mix: { remembered: 8, futures: 2, length: 4, first: 4 } });
        const reference = new Reference();
        const there = new Set<string>();
        boxes.forEach((capacity, at) => {
          pool.add(machine(`m${at}`, capacity));
          reference.add(`m${at}`, capacity);
          there.add(`m${at}`);
        });
        all.forEach((step, at) => {
          const id = `m${step.kind === "place" ? 0 : step.at % boxes.length}`;
          if (step.kind === "place") {
            const fitting = reference.fitting(step.demand);
            const place = pool.place({ id: `w${at}`, demand: step.demand }, at);
            if (place === undefined) expect(fitting).toEqual([]);
            else {
              expect(fitting).toContain(place.machine);
              expect(place.devices.map(({ milli }) => milli)).toEqual(
                Array(step.demand.gpus).fill(step.demand.gpuMilli),
              );
              reference.take(
                `w${at}`,
                place.machine,
                step.demand,
                place.devices.map(({ index }) => index),
              );
            }
          } else if (step.kind === "release") {
            pool.release(`w${step.at}`);
            reference.release(`w${step.at}`);
          } else if (there.has(id)) {
            if (step.kind === "remove") {
              pool.remove(id);
              reference.remove(id);
              there.delete(id);
            } else {
              pool.setOpen(id, step.kind === "open");
              reference.setOpen(id, step.kind === "open");
            }
          }
          for (const each of there) {
            const free = pool.freeOf(each);
            expect(free).toEqual(reference.freeOf(each));
            expect(Math.min(free.cpuMilli, free.memoryMib, free.diskMib, ...free.devices)).toBeGreaterThanOrEqual(0);
          }
        });
        for (let at = 0; at < all.length; at++) pool.release(`w${at}`);
        for (const each of there) {
          const { devices, ...scalars } = boxes[Number(each.slice(1))] as Capacity;
          expect(pool.freeOf(each)).toEqual({ ...scalars, devices: devices.map(() => 1_000) });
        }
      }),
    );
  });

  it("does not depend on the order of events that have nothing to do with each other", () => {
    const work = fc.array(demands, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(capacities, { minLength: 2, maxLength: 6 }), work, fc.integer(), (boxes, wanted, seed) => {
        const play = (order: readonly number[]) => {
          const pool = new Pool({ seed });
          for (const at of order) pool.add(machine(`m${at}`, boxes[at] as Capacity));
          const places = wanted.map((demand, at) => pool.place({ id: `w${at}`, demand }, 0));
          for (const at of order) pool.release(`w${at}`);
          return [places, pool.place({ id: "last", demand: half }, 0)];
        };
        const forward = boxes.map((_, at) => at);
        expect(play([...forward].reverse())).toEqual(play(forward));
      }),
    );
  });

  it("goes by price, reputation and waiting among machines that are alike", () => {
    const chosen = (others: Partial<PoolMachine>, better: Partial<PoolMachine>): string | undefined => {
      const pool = new Pool();
      pool.add(machine("a", box, others));
      pool.add(machine("b", box, better));
      return pool.place({ id: "w", demand: half }, 0)?.machine;
    };
    const price = fc.bigInt({ min: 1n, max: 10n ** 17n });
    fc.assert(
      fc.property(price, price, fc.double({ min: 0, max: 1, noNaN: true }), (perGpu, perCpu, reputation) => {
        const same = { reputation, price: { perGpu, perCpu } };
        const dearer = { perGpu: perGpu + 10n ** 12n, perCpu };
        expect(chosen({ ...same, price: dearer }, same)).toBe("b");
        expect(chosen({ ...same, reputation: reputation / 2 }, { ...same, reputation: reputation / 2 + 0.001 })).toBe(
          "b",
        );
        expect(chosen({ ...same, since: 3_600 }, { ...same, since: 0 })).toBe("b");
      }),
    );
    expect(chosen({}, {})).toBe("a");
  });

  it("passes no machine over for ever", () => {
    const pool = new Pool();
    pool.add(machine("worst", box, { reputation: 0, price: { perGpu: 10n ** 14n, perCpu: 0n } }));
    pool.add(machine("best", box, { reputation: 1 }));
    // Reputation counts 1 and the price 4 devices, an hour of waiting 0.05 of one: a hundred hours, and what it loses.
    const served = Array.from({ length: 240 }, (_, hour) => {
      const place = pool.place({ id: "w", demand: half }, hour * 3_600);
      pool.release("w");
      return place?.machine;
    });
    expect(served[0]).toBe("best");
    expect(served.indexOf("worst")).toBeGreaterThan(50);
    expect(served.filter((id) => id === "worst").length).toBeGreaterThanOrEqual(1);
  });

  it("takes no more than the client pays, nor a machine that the request does not accept", () => {
    const pool = new Pool();
    pool.add(machine("dear", box, { price: { perGpu: 100n, perCpu: 10n } }));
    const asking = (more: Partial<PoolRequest>) => pool.place({ id: "w", demand: half, ...more }, 0);
    // Half a device at 100 and one core at 10.
    expect(asking({ maxRate: 59n })).toBeUndefined();
    expect(asking({ accepts: () => false })).toBeUndefined();
    expect(asking({ maxRate: 60n, accepts: ({ id }) => id === "dear" })?.machine).toBe("dear");
  });

  it("puts several devices into the interconnect group that they leave least of", () => {
    const apart = { ...gpu, group: 1 };
    const pool = new Pool();
    pool.add(machine("m", { ...box, devices: [gpu, gpu, gpu, apart, apart] }));
    const pair: Demand = { ...half, gpus: 2, gpuMilli: 1_000, together: true };
    const indexes = (id: string, demand: Demand) =>
      pool
        .place({ id, demand }, 0)
        ?.devices.map(({ index }) => index)
        .sort();
    expect(indexes("a", pair)).toEqual([3, 4]);
    expect(indexes("b", pair)).toHaveLength(2);
    expect(indexes("c", pair)).toBeUndefined();
  });

  it("fills a device to the last thousandth", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), (gpuMilli) => {
        const pool = new Pool();
        pool.add(machine("m", { ...box, devices: [gpu] }));
        expect(pool.place({ id: "a", demand: { ...half, gpuMilli } }, 0)).toBeDefined();
        expect(pool.place({ id: "b", demand: { ...half, gpuMilli: 1_001 - gpuMilli } }, 0)).toBeUndefined();
        expect(pool.place({ id: "c", demand: { ...half, gpuMilli: 1_000 - gpuMilli } }, 0)).toBeDefined();
      }),
    );
  });

  it("says which workloads lost their place with their machine", () => {
    const pool = new Pool();
    pool.add(machine("m", box));
    pool.place({ id: "over", demand: half }, 0);
    pool.release("over");
    pool.place({ id: "w", demand: half }, 0);
    expect(pool.remove("m")).toEqual(["w"]);
    expect(pool.place({ id: "w", demand: half }, 0)).toBeUndefined();
  });

  it("refuses what makes no sense, and is as it was", () => {
    const pool = new Pool();
    pool.add(machine("m", box));
    pool.place({ id: "w", demand: half }, 0);
    const before = pool.freeOf("m");
    const wrong: readonly (() => unknown)[] = [
      ...[-1, Number.NaN, 0.5, 2 ** 50, Number.POSITIVE_INFINITY].flatMap((absurd) => [
        () => pool.place({ id: "x", demand: { ...half, cpuMilli: absurd } }, 0),
        () => pool.place({ id: "x", demand: { ...half, gpus: absurd } }, 0),
        () => pool.add(machine("x", { ...box, memoryMib: absurd })),
      ]),
      () => pool.place({ id: "x", demand: { ...half, gpuMilli: 1_001 } }, 0),
      () => pool.place({ id: "x", demand: { ...half, gpuMilli: 0 } }, 0),
      () => pool.place({ id: "x", demand: { ...half, gpus: 2 } }, 0),
      () => pool.place({ id: "x", demand: { ...half, gpus: 0 } }, 0),
      () => pool.place({ id: "x", demand: { ...half, models: [] } }, 0),
      () => pool.place({ id: "w", demand: half }, 0),
      () => pool.add(machine("m", box)),
      () => pool.add(machine("x", box, { reputation: 1.5 })),
      () => pool.add(machine("x", box, { since: Number.NaN })),
      () => pool.add(machine("x", { ...box, devices: [{ ...gpu, model: "" }] })),
      () => pool.setOpen("x", true),
      () => pool.remove("x"),
    ];
    for (const each of wrong) expect(each).toThrow(expect.objectContaining({ code: "bad-request" }) as Error);
    expect(pool.freeOf("m")).toEqual(before);
  });
});
