import { CorepoolError } from "../errors.ts";
import { type Capacity, checkCapacity, checkDemand, type Demand } from "./demand.ts";
import { MIX, Mix, type MixSettings } from "./mix.ts";
import { fragmentation, merit, rateOf, rough, type Standing, WEIGHTS, type Weights } from "./order.ts";
import { type Group, Shelves } from "./shelves.ts";
import { type Known, type Option, type State, States } from "./state.ts";

/** A machine as it joins a pool. */
export interface PoolMachine extends Standing {
  readonly id: string;
  readonly capacity: Capacity;
}

/** A workload that asks for a place. */
export interface PoolRequest {
  readonly id: string;
  readonly demand: Demand;
  /** Highest price, in base units per second; undefined: any. */
  readonly maxRate?: bigint | undefined;
  /** Whether a machine may be taken at all: what the demand does not say. Undefined: any. */
  readonly accepts?: ((machine: PoolMachine) => boolean) | undefined;
}

/** Where a workload went: its machine, and of which devices how many thousandths. */
export interface Place {
  readonly machine: string;
  readonly devices: readonly { readonly index: number; readonly milli: number }[];
}

export interface PoolSettings {
  readonly seed: number;
  readonly weights: Weights;
  readonly mix: MixSettings;
  /** Ways to serve a demand, in rough order, of which the best is chosen. */
  readonly candidates: number;
  /** States that are kept before those that are not in use are forgotten. */
  readonly states: number;
}

export const POOL: PoolSettings = { seed: 1, weights: WEIGHTS, mix: MIX, candidates: 64, states: 200_000 };

interface Entry extends PoolMachine {
  /** At each position of the kind, the device. */
  readonly order: readonly number[];
  /** Thousandths free of each device, in the machine's own order. */
  readonly free: number[];
  since: number;
  state: State;
  rough: number;
  /** Whether it takes new work. */
  open: boolean;
}

interface Held extends Place {
  readonly entry: Entry;
  readonly demand: Demand;
}

/**
 * The machines of a pool, what is free on them, and where workloads are: the greedy, incremental part of placement.
 * Never gives out more of anything than there is, and finds a place whenever a machine has room.
 */
export class Pool {
  readonly #settings: PoolSettings;
  readonly #states = new States();
  readonly #mix: Mix;
  readonly #shelves = new Shelves<Entry>();
  readonly #machines = new Map<string, Entry>();
  readonly #held = new Map<string, Held>();

  constructor(settings: Partial<PoolSettings> = {}) {
    this.#settings = { ...POOL, ...settings };
    this.#mix = new Mix(this.#settings.seed, this.#settings.mix);
  }

  /** @throws CorepoolError `bad-request` for absurd figures, or a machine that is there already */
  add(machine: PoolMachine): void {
    checkCapacity(machine.capacity);
    const { reputation, since, id } = machine;
    if (!(reputation >= 0 && reputation <= 1) || !Number.isFinite(since))
      throw bad(`Machine ${id} has a reputation of ${reputation} since ${since}.`, "Reputation lies between 0 and 1.");
    if (this.#machines.has(id)) throw bad(`Machine ${id} is in the pool already.`, "Remove it first, or change it.");
    const { kind, order } = this.#states.kind(machine.capacity);
    const free = kind.devices.map(() => 1_000);
    const state = this.#states.state(kind, kind.cpu, kind.memory, kind.disk, free);
    const entry: Entry = { ...machine, order, free, state, rough: 0, open: true };
    this.#machines.set(id, entry);
    this.#shelve(entry);
  }

  /** Takes a machine out. Workloads on it lose their place; their names are given back. */
  remove(id: string): string[] {
    const entry = this.#machine(id);
    this.#unshelve(entry);
    this.#machines.delete(id);
    const lost = [...this.#held].filter(([, held]) => held.entry === entry).map(([workload]) => workload);
    for (const workload of lost) this.#held.delete(workload);
    return lost;
  }

  /** Lets a machine take new work, or not: while it is drained, or kept up. What is there stays. */
  setOpen(id: string, open: boolean): void {
    const entry = this.#machine(id);
    if (entry.open === open) return;
    this.#unshelve(entry);
    entry.open = open;
    this.#shelve(entry);
  }

  /**
   * Finds a place and takes it; undefined when no machine has room. Learns from the demand either way.
   * @param at seconds since the epoch
   * @throws CorepoolError `bad-request` for absurd figures, or a workload that has a place
   */
  place(request: PoolRequest, at: number): Place | undefined {
    checkDemand(request.demand);
    if (this.#held.has(request.id)) throw bad(`Workload ${request.id} has a place already.`, "Release it first.");
    if (this.#states.size > this.#settings.states) this.#states.forgetBut(this.#used());
    const known = this.#states.known(request.demand);
    this.#mix.meet(known);
    const found = this.#best(request, known);
    if (found === undefined) return undefined;
    const { entry, option } = found;
    const devices = option.take.map(({ run, free }) => {
      const position = entry.order.findIndex(
        (index, p) => entry.state.kind.runs[p] === run && entry.free[index] === free,
      );
      const index = entry.order[position] ?? -1;
      entry.free[index] = free - request.demand.gpuMilli;
      return { index, milli: request.demand.gpuMilli };
    });
    entry.since = at;
    this.#move(entry, option.left);
    const held: Held = { machine: entry.id, devices, entry, demand: request.demand };
    this.#held.set(request.id, held);
    return { machine: entry.id, devices };
  }

  /** Gives back what a workload had; one that has no place is no error. */
  release(workload: string): void {
    const held = this.#held.get(workload);
    if (held === undefined) return;
    this.#held.delete(workload);
    const { entry, demand, devices } = held;
    for (const { index, milli } of devices) entry.free[index] = (entry.free[index] ?? 0) + milli;
    const { kind, cpu, memory, disk } = entry.state;
    const free = entry.order.map((index) => entry.free[index] ?? 0);
    const state = this.#states.state(
      kind,
      cpu + demand.cpuMilli,
      memory + demand.memoryMib,
      disk + demand.diskMib,
      free,
    );
    this.#move(entry, state);
  }

  /** What is free on a machine. */
  freeOf(id: string): {
    readonly cpuMilli: number;
    readonly memoryMib: number;
    readonly diskMib: number;
    readonly devices: readonly number[];
  } {
    const { state, free } = this.#machine(id);
    return { cpuMilli: state.cpu, memoryMib: state.memory, diskMib: state.disk, devices: [...free] };
  }

  #best(request: PoolRequest, known: Known): { readonly entry: Entry; readonly option: Option } | undefined {
    const { weights, candidates } = this.#settings;
    const { futures } = this.#mix;
    const { cpuMilli, memoryMib, diskMib } = known.demand;
    let best: { readonly entry: Entry; readonly option: Option } | undefined;
    let least = Number.POSITIVE_INFINITY;
    let seen = 0;
    for (const group of this.#shelves.walk(known.demand)) {
      const { state } = group;
      // Most that do not fit lack these; to work out and keep that for each of them would cost more than to ask.
      if (state.cpu < cpuMilli || state.memory < memoryMib || state.disk < diskMib) continue;
      const options = this.#states.options(state, known);
      if (options.length === 0) continue;
      const entry = acceptable(group, request);
      if (entry === undefined) continue;
      const own = merit(known.demand, entry, weights);
      const worth = futures.worthOf(state) - known.milli;
      for (const option of options) {
        const score = own + fragmentation(worth - futures.worthOf(option.left), option.left, weights);
        if (score < least) {
          least = score;
          best = { entry, option };
        }
      }
      seen += options.length;
      if (seen >= candidates) break;
    }
    return best;
  }

  #machine(id: string): Entry {
    const entry = this.#machines.get(id);
    if (entry === undefined) throw bad(`Machine ${id} is not in the pool.`, "Add it first.");
    return entry;
  }

  *#used(): Generator<State> {
    for (const { state } of this.#machines.values()) yield state;
  }

  #move(entry: Entry, state: State): void {
    this.#unshelve(entry);
    entry.state = state;
    this.#shelve(entry);
  }

  #shelve(entry: Entry): void {
    if (!entry.open) return;
    entry.rough = rough(entry.state, entry, this.#settings.weights);
    this.#shelves.add(entry, entry.state, entry.rough);
  }

  #unshelve(entry: Entry): void {
    if (entry.open) this.#shelves.remove(entry, entry.state, entry.rough);
  }
}

const bad = (detail: string, next: string): CorepoolError => new CorepoolError("bad-request", { detail, next });

/** The first machine of a group that the request may have. */
function acceptable({ machines }: Group<Entry>, { accepts, maxRate, demand }: PoolRequest): Entry | undefined {
  if (accepts === undefined && maxRate === undefined) return machines[0];
  return machines.find(
    (machine) => (maxRate === undefined || rateOf(machine.price, demand) <= maxRate) && (accepts?.(machine) ?? true),
  );
}
