import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Demand, milliOf, WHOLE } from "./demand.ts";
import { Futures } from "./futures.ts";
import { Mix } from "./mix.ts";
import { type Known, type State, States } from "./state.ts";
import { capacities, demands } from "./testing/arbitraries.ts";

/** The same, by the states themselves: each demand takes the option that leaves the least of a device. */
function slowly(states: States, state: State, futures: readonly (readonly Known[])[]): number {
  let served = 0;
  for (const future of futures) {
    let now = state;
    for (const known of future) {
      if (now.milli === 0) break;
      const options = [...states.options(now, { ...known, demand: { ...known.demand, together: false } })];
      const [option] = options.sort((a, b) => (a.take[0]?.free ?? 0) - (b.take[0]?.free ?? 0));
      if (option === undefined) continue;
      now = option.left;
      served += milliOf(known.demand);
    }
  }
  return served / futures.length;
}

const of = (gpuMilli: number): Demand => ({ cpuMilli: 1, memoryMib: 1, diskMib: 0, gpus: 1, gpuMilli });

describe("what a state is worth", () => {
  it("is what imagined futures would be served from it", () => {
    // With one kind of device it does not matter which of several equally free ones is taken.
    const one = capacities.map((capacity) => ({
      ...capacity,
      devices: capacity.devices.map(() => ({ model: "A100", memoryMib: 80, shareable: true, group: -1 })),
    }));
    fc.assert(
      fc.property(
        one,
        fc.array(fc.array(demands, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
        (capacity, all) => {
          const states = new States();
          const { kind } = states.kind(capacity);
          const full = states.state(
            kind,
            kind.cpu,
            kind.memory,
            kind.disk,
            kind.devices.map(() => WHOLE),
          );
          const futures = all.map((future) => future.map((demand) => states.known(demand)));
          const worth = new Futures(futures).worthOf(full);
          expect(worth).toBeCloseTo(slowly(states, full, futures));
          expect(worth).toBeLessThanOrEqual(full.milli);
        },
      ),
    );
  });

  it("counts the least free device that serves a demand as the one that is taken", () => {
    const states = new States();
    const { kind } = states.kind({
      ...{ cpuMilli: 100, memoryMib: 100, diskMib: 0 },
      devices: [16, 80].map((memoryMib) => ({ model: "A100", memoryMib, shareable: true, group: -1 })),
    });
    const future = [states.known(of(300)), states.known(of(600))];
    for (const free of [
      [300, 600],
      [600, 300],
    ])
      expect(new Futures([future]).worthOf(states.state(kind, 100, 100, 0, free))).toBe(900);
  });

  it("is learnt from what was asked for, recent demands more than old ones", () => {
    const states = new States();
    const { kind } = states.kind({
      ...{ cpuMilli: 100, memoryMib: 100, diskMib: 0 },
      devices: [{ model: "A100", memoryMib: 80, shareable: true, group: -1 }],
    });
    const left = states.state(kind, 100, 100, 0, [300]);
    const mix = new Mix(1, { remembered: 32, futures: 16, length: 8, first: 4 });
    expect(mix.futures.worthOf(left)).toBe(0);
    for (let i = 0; i < 10_000; i++) mix.meet(states.known(of(500)));
    expect(mix.futures.worthOf(left)).toBe(0);
    // A fiftieth of all, and all that is recent.
    for (let i = 0; i < 200; i++) mix.meet(states.known(of(300)));
    expect(mix.futures.worthOf(left)).toBeGreaterThan(270);
  });
});
