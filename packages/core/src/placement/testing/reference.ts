import { type Capacity, type Demand, serves, WHOLE } from "../demand.ts";

/** A slow and obvious account of what is free: what the pool is held against. */
export class Reference {
  readonly #machines = new Map<string, { readonly capacity: Capacity; open: boolean }>();
  readonly #held = new Map<
    string,
    { readonly machine: string; readonly demand: Demand; readonly devices: readonly number[] }
  >();

  add(id: string, capacity: Capacity): void {
    this.#machines.set(id, { capacity, open: true });
  }

  setOpen(id: string, open: boolean): void {
    const machine = this.#machines.get(id);
    if (machine !== undefined) machine.open = open;
  }

  remove(id: string): void {
    this.#machines.delete(id);
    for (const [workload, held] of this.#held) if (held.machine === id) this.#held.delete(workload);
  }

  /** What is free of a machine: all of it, less what every workload on it has. */
  freeOf(id: string) {
    const { capacity } = this.#machines.get(id) ?? { capacity: { cpuMilli: 0, memoryMib: 0, diskMib: 0, devices: [] } };
    const on = [...this.#held.values()].filter(({ machine }) => machine === id);
    const less = (of: "cpuMilli" | "memoryMib" | "diskMib") =>
      on.reduce((left, { demand }) => left - demand[of], capacity[of]);
    const devices = capacity.devices.map((_, index) =>
      on.reduce((left, held) => left - (held.devices.includes(index) ? held.demand.gpuMilli : 0), WHOLE),
    );
    return { cpuMilli: less("cpuMilli"), memoryMib: less("memoryMib"), diskMib: less("diskMib"), devices };
  }

  /** Every machine with room for the demand. */
  fitting(demand: Demand): string[] {
    return [...this.#machines].filter(([id, { open }]) => open && this.#fits(id, demand)).map(([id]) => id);
  }

  #fits(id: string, demand: Demand): boolean {
    const { capacity } = this.#machines.get(id) ?? { capacity: undefined };
    const free = this.freeOf(id);
    if (capacity === undefined || free.cpuMilli < demand.cpuMilli) return false;
    if (free.memoryMib < demand.memoryMib || free.diskMib < demand.diskMib) return false;
    const able = capacity.devices.filter(
      (device, index) => serves(device, demand) && (free.devices[index] ?? 0) >= demand.gpuMilli,
    );
    if (demand.together !== true || demand.gpus < 2) return able.length >= demand.gpus;
    const groups = able.map(({ group }) => group).filter((group) => group >= 0);
    return groups.some((group) => groups.filter((each) => each === group).length >= demand.gpus);
  }

  take(workload: string, machine: string, demand: Demand, devices: readonly number[]): void {
    this.#held.set(workload, { machine, demand, devices });
  }

  release(workload: string): void {
    this.#held.delete(workload);
  }
}
