import { type Demand, milliOf } from "./demand.ts";
import { Pool, type PoolSettings } from "./pool.ts";
import { capacityOf, type Trace } from "./trace.ts";

/** What became of a trace under a policy. */
export interface Simulated {
  /** Of all devices, the percentage that was given out at the end. */
  readonly allocation: number;
  readonly placed: number;
  /** Demands that found no place. */
  readonly refused: number;
  /** Milliseconds of each decision, by the clock that was given. */
  readonly times: readonly number[];
}

const FREE = { perGpu: 0n, perCpu: 0n };

/**
 * Places demands one after the other on the machines of a trace, by the policy that the coordinator uses; nothing ends
 * and nothing is moved. Machines differ in nothing but what they have.
 * @param now a clock in milliseconds
 */
export function simulate(
  trace: Trace,
  demands: readonly Demand[],
  settings: Partial<PoolSettings>,
  now: () => number,
): Simulated {
  const pool = new Pool(settings);
  for (const { id, capacity } of trace.machines) pool.add({ id, capacity, price: FREE, reputation: 1, since: 0 });
  const times: number[] = [];
  let [milli, placed] = [0, 0];
  for (const [i, demand] of demands.entries()) {
    const begun = now();
    const place = pool.place({ id: String(i), demand }, 0);
    times.push(now() - begun);
    if (place === undefined) continue;
    placed++;
    milli += milliOf(demand);
  }
  return { allocation: (100 * milli) / capacityOf(trace), placed, refused: demands.length - placed, times };
}
