import { type Demand, milliOf, serves, WHOLE } from "@corepool/core/placement/demand";
import type { Trace } from "@corepool/core/placement/trace";

/** The largest machine of the trace's form, by which what is left is made comparable. */
const [MOST_CPU_MILLI, MOST_GPU_MILLI] = [128_000, 8_000];

interface Left {
  cpu: number;
  memory: number;
  readonly free: number[];
}

/** Of the devices that serve the demand the fullest that suffice; undefined when there are too few. */
function devicesFor(left: Left, demand: Demand, able: (at: number) => boolean): readonly number[] | undefined {
  if (demand.cpuMilli > left.cpu || demand.memoryMib > left.memory) return undefined;
  const enough = left.free.flatMap((milli, at) => (milli >= demand.gpuMilli && able(at) ? [at] : []));
  if (enough.length < demand.gpus) return undefined;
  return enough.sort((a, b) => (left.free[a] ?? 0) - (left.free[b] ?? 0)).slice(0, demand.gpus);
}

/**
 * BestFit as the trace's authors have it: the machine on which the least is left, CPUs and GPUs counting the same.
 * @returns thousandths of GPUs given out
 */
export function bestFit(trace: Trace, demands: readonly Demand[]): number {
  const machines = trace.machines.map(({ capacity }) => ({
    capacity,
    left: {
      cpu: capacity.cpuMilli,
      memory: capacity.memoryMib,
      free: capacity.devices.map(() => WHOLE),
    } satisfies Left,
  }));
  let placed = 0;
  for (const demand of demands) {
    let best: { readonly left: Left; readonly devices: readonly number[] } | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const { capacity, left } of machines) {
      const score = left.cpu / MOST_CPU_MILLI + left.free.reduce((sum, milli) => sum + milli, 0) / MOST_GPU_MILLI;
      if (score >= least) continue;
      const devices = devicesFor(
        left,
        demand,
        (at) => capacity.devices[at] !== undefined && serves(capacity.devices[at], demand),
      );
      if (devices === undefined) continue;
      least = score;
      best = { left, devices };
    }
    if (best === undefined) continue;
    best.left.cpu -= demand.cpuMilli;
    best.left.memory -= demand.memoryMib;
    for (const at of best.devices) best.left.free[at] = (best.left.free[at] ?? 0) - demand.gpuMilli;
    placed += milliOf(demand);
  }
  return placed;
}
