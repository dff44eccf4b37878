import { type Capacity, checkCapacity, type Demand, WHOLE } from "./demand.ts";
import { bad } from "./errors.ts";
import type { MachinePrice, Standing } from "./order.ts";
import type { Option, State, States } from "./state.ts";

/** A machine as it joins a pool. */
export interface PoolMachine extends Standing {
  readonly id: string;
  readonly capacity: Capacity;
  /** Where it stands, for workers that must be near each other; undefined: nowhere in particular. */
  readonly region?: string | undefined;
}

/** Where a workload went: its machine, and of which devices how many thousandths. */
export interface Place {
  readonly machine: string;
  readonly devices: readonly { readonly index: number; readonly milli: number }[];
}

/** A machine of a pool, and what is free on it. */
export interface Entry extends PoolMachine {
  readonly price: MachinePrice;
  /** At each position of the kind, the device. */
  readonly order: readonly number[];
  /** Thousandths free of each device, in the machine's own order. */
  readonly free: number[];
  /** The state in which nothing runs there. */
  readonly empty: State;
  readonly workloads: Set<string>;
  since: number;
  state: State;
  rough: number;
  /** Whether it takes new work. */
  open: boolean;
}

/** @throws CorepoolError `bad-request` for absurd figures */
export function entryOf(machine: PoolMachine, states: States): Entry {
  checkCapacity(machine.capacity);
  const { reputation, since, id, price } = machine;
  if (!(reputation >= 0 && reputation <= 1) || !Number.isFinite(since))
    throw bad(`Machine ${id} has a reputation of ${reputation} since ${since}.`, "Reputation lies between 0 and 1.");
  if (price.perGpu < 0n || price.perCpu < 0n) throw bad(`Machine ${id} has a price below 0.`, "Ask 0 or more.");
  const { kind, order } = states.kind(machine.capacity);
  const free = kind.devices.map(() => WHOLE);
  const empty = states.state(kind, kind.cpu, kind.memory, kind.disk, free);
  return { ...machine, order, free, empty, state: empty, workloads: new Set(), rough: 0, open: true };
}

/** Takes the devices of an option; its state is still the one before. */
export function takeDevices(entry: Entry, { take }: Option, { gpuMilli }: Demand): Place["devices"] {
  const { order, free, state } = entry;
  return take.map((one) => {
    const index = order[order.findIndex((at, p) => state.kind.runs[p] === one.run && free[at] === one.free)] ?? -1;
    free[index] = one.free - gpuMilli;
    return { index, milli: gpuMilli };
  });
}

/** Gives back what a demand had, and says what is free then. */
export function giveBack(entry: Entry, demand: Demand, devices: Place["devices"], states: States): State {
  for (const { index, milli } of devices) entry.free[index] = (entry.free[index] ?? 0) + milli;
  const { kind, cpu, memory, disk } = entry.state;
  const free = entry.order.map((index) => entry.free[index] ?? 0);
  return states.state(kind, cpu + demand.cpuMilli, memory + demand.memoryMib, disk + demand.diskMib, free);
}
