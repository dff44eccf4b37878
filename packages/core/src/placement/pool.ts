import { checkCount, checkDemand, type Demand } from "./demand.ts";
import { type Entry, entryOf, giveBack, type Place, type PoolMachine, takeDevices } from "./entry.ts";
import { bad } from "./errors.ts";
import { type Explanation, explain } from "./explain.ts";
import { MIX, Mix, type MixSettings } from "./mix.ts";
import { fragmentation, merit, rateOf, rough, WEIGHTS, type Weights } from "./order.ts";
import { type Group, Shelves } from "./shelves.ts";
import { type Known, type Option, type State, States } from "./state.ts";

/** A workload that asks for a place. */
export interface PoolRequest {
  readonly id: string;
  readonly demand: Demand;
  /** Highest price, in base units per second; undefined: any. */
  readonly maxRate?: bigint | undefined;
  /** Whether a machine may be taken at all: what the demand does not say. Undefined: any. */
  readonly accepts?: ((machine: PoolMachine) => boolean) | undefined;
}

/** How near to each other the workers of a gang must be. */
export type Spread = "machine" | "region" | "any";

/** Workers that start together or not at all; demand and highest price are each one's. */
export interface GangRequest extends PoolRequest {
  readonly workers: number;
  readonly spread: Spread;
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

const MOST_WORKERS = 4_096;

interface Held {
  readonly entry: Entry;
  readonly demand: Demand;
  readonly devices: Place["devices"];
}

interface Found {
  readonly entry: Entry;
  readonly option: Option;
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
  #most: number;

  constructor(settings: Partial<PoolSettings> = {}) {
    this.#settings = { ...POOL, ...settings };
    this.#most = this.#settings.states;
    this.#mix = new Mix(this.#settings.seed, this.#settings.mix);
  }

  /** @throws CorepoolError `bad-request` for absurd figures, or a machine that is there already */
  add(machine: PoolMachine): void {
    const entry = entryOf(machine, this.#states);
    if (this.#machines.has(machine.id))
      throw bad(`Machine ${machine.id} is in the pool already.`, "Remove it first, or change it.");
    this.#machines.set(machine.id, entry);
    this.#shelve(entry);
  }

  /** Takes a machine out. Workloads on it lose their place; their names are given back. */
  remove(id: string): string[] {
    const entry = this.#machine(id);
    this.#unshelve(entry);
    this.#machines.delete(id);
    for (const workload of entry.workloads) this.#held.delete(workload);
    return [...entry.workloads];
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
    const known = this.#meet(request, [request.id]);
    const found = this.#best(request, known);
    return found === undefined ? undefined : this.#take(request.id, request.demand, found, at);
  }

  /**
   * Finds places for all workers of a gang and takes them; undefined, with nothing taken, when not all find one. Worker
   * `i` is afterwards known as `ID#i`. Since all ask for the same, taking one place after the other misses none.
   * @throws CorepoolError `bad-request` as `place`
   */
  placeAll(gang: GangRequest, at: number): readonly Place[] | undefined {
    const { workers, spread } = gang;
    checkCount("workers", workers, MOST_WORKERS);
    if (workers === 0) throw bad("A gang of no workers asks for nothing.", "Ask for one or more.");
    const known = this.#meet(
      gang,
      Array.from({ length: workers }, (_, i) => `${gang.id}#${i}`),
    );
    if (spread === "any") return this.#takeAll(gang, known, at);
    if (spread === "machine") {
      const { entry } = this.#bestForAll(gang, known) ?? {};
      return entry && this.#takeAll({ ...gang, accepts: ({ id }) => id === entry.id }, known, at);
    }
    // Nearly full regions come first, as nearly full machines do.
    for (const region of this.#regions(gang, known)) {
      const here = (machine: PoolMachine): boolean => machine.region === region && (gang.accepts?.(machine) ?? true);
      const places = this.#takeAll({ ...gang, accepts: here }, known, at);
      if (places !== undefined) return places;
    }
    return undefined;
  }

  /** Whether the request would find a place now. Takes and learns nothing. */
  fits(request: Omit<PoolRequest, "id">): boolean {
    checkDemand(request.demand);
    let found = false;
    this.#visitFitting({ ...request, id: "" }, this.#states.known(request.demand), () => {
      found = true;
      return true;
    });
    return found;
  }

  /** Gives back what a workload had; one that has no place is no error. */
  release(workload: string): void {
    const held = this.#held.get(workload);
    if (held === undefined) return;
    const { entry, demand, devices } = held;
    this.#held.delete(workload);
    entry.workloads.delete(workload);
    this.#move(entry, giveBack(entry, demand, devices, this.#states));
  }

  /** Why machines cannot take a demand, and what would help. */
  explain({ demand, maxRate, accepts }: Omit<PoolRequest, "id">): Explanation {
    checkDemand(demand);
    const machines = [...this.#machines.values()].map((entry) => ({
      ...{ id: entry.id, state: entry.state, empty: entry.empty, open: entry.open },
      accepted: accepts?.(entry) ?? true,
      rateOf: (other: Demand) => rateOf(entry.price, other),
    }));
    return explain(machines, { demand, maxRate }, (other, workers, most) => {
      const gang = { id: "", demand: other, maxRate: most, accepts, workers, spread: "any" } as const;
      return this.#count(gang, workers) >= workers;
    });
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

  /** Checks a request and learns from it. */
  #meet({ demand }: PoolRequest, workloads: readonly string[]): Known {
    checkDemand(demand);
    const placed = workloads.find((workload) => this.#held.has(workload));
    if (placed !== undefined) throw bad(`Workload ${placed} has a place already.`, "Release it first.");
    if (this.#states.size > this.#most) {
      this.#states.forgetBut(this.#used());
      // As many again at least: a pool that uses more than are kept would forget at every step.
      this.#most = Math.max(this.#settings.states, 2 * this.#states.size);
    }
    const known = this.#states.known(demand);
    this.#mix.meet(known);
    return known;
  }

  /** Visits groups with room, in rough order, each with the machine of it that the request may have, until told enough. */
  #visitFitting(
    request: PoolRequest,
    known: Known,
    visit: (entry: Entry, options: readonly Option[]) => boolean,
  ): void {
    const { cpuMilli, memoryMib, diskMib } = known.demand;
    this.#shelves.visit(known.demand, (group) => {
      const { state } = group;
      // Most that do not fit lack these; to work out and keep that for each of them would cost more than to ask.
      if (state.cpu < cpuMilli || state.memory < memoryMib || state.disk < diskMib) return false;
      const options = this.#states.options(state, known);
      if (options.length === 0) return false;
      const entry = acceptable(group, request);
      return entry !== undefined && visit(entry, options);
    });
  }

  #best(request: PoolRequest, known: Known): Found | undefined {
    const { weights, candidates } = this.#settings;
    const { futures } = this.#mix;
    let best: Found | undefined;
    let least = Number.POSITIVE_INFINITY;
    let seen = 0;
    this.#visitFitting(request, known, (entry, options) => {
      const own = merit(known.demand, entry, weights);
      const worth = futures.worthOf(entry.state) - known.milli;
      for (const option of options) {
        const score = own + fragmentation(worth - futures.worthOf(option.left), option.left, weights);
        if (score < least) {
          least = score;
          best = { entry, option };
        }
      }
      seen += options.length;
      return seen >= candidates;
    });
    return best;
  }

  /** The machine that is best for all workers of a gang together. */
  #bestForAll(gang: GangRequest, known: Known): { readonly entry: Entry } | undefined {
    const { weights, candidates } = this.#settings;
    const { futures } = this.#mix;
    let best: { readonly entry: Entry } | undefined;
    let least = Number.POSITIVE_INFINITY;
    let seen = 0;
    this.#visitFitting(gang, known, (entry) => {
      const left = this.#after(entry.state, known, gang.workers);
      if (left === undefined) return false;
      const lost = futures.worthOf(entry.state) - futures.worthOf(left) - gang.workers * known.milli;
      const score = gang.workers * merit(known.demand, entry, weights) + fragmentation(lost, left, weights);
      if (score < least) {
        least = score;
        best = { entry };
      }
      return ++seen >= candidates;
    });
    return best;
  }

  /** What is left when so many workers came to one machine; undefined when they do not fit. */
  #after(state: State, known: Known, workers: number): State | undefined {
    let left: State | undefined = state;
    for (let i = 0; i < workers && left !== undefined; i++) left = this.#states.options(left, known)[0]?.left;
    return left;
  }

  #regions(gang: GangRequest, known: Known): Set<string> {
    const regions = new Set<string>();
    this.#visitFitting(gang, known, ({ region }) => {
      if (region !== undefined) regions.add(region);
      return false;
    });
    return regions;
  }

  /** How many workers find places at once, up to `most`. */
  #count(request: PoolRequest, most: number): number {
    const known = this.#states.known(request.demand);
    let count = 0;
    this.#shelves.visit(known.demand, (group) => {
      const machines = group.machines.filter((machine) => allowed(machine, request)).length;
      let each = 0;
      for (let left = this.#after(group.state, known, 1); left !== undefined && each < most; each++)
        left = this.#after(left, known, 1);
      count += each * machines;
      return count >= most;
    });
    return count;
  }

  #takeAll(gang: GangRequest, known: Known, at: number): readonly Place[] | undefined {
    const { id, demand, workers } = gang;
    const places: Place[] = [];
    const before = new Map<Entry, number>();
    for (let i = 0; i < workers; i++) {
      const found = this.#best(gang, known);
      if (found === undefined) break;
      if (!before.has(found.entry)) before.set(found.entry, found.entry.since);
      places.push(this.#take(`${id}#${i}`, demand, found, at));
    }
    if (places.length === workers) return places;
    for (let i = 0; i < places.length; i++) this.release(`${id}#${i}`);
    for (const [entry, since] of before) {
      this.#unshelve(entry);
      entry.since = since;
      this.#shelve(entry);
    }
    return undefined;
  }

  #take(workload: string, demand: Demand, { entry, option }: Found, at: number): Place {
    const devices = takeDevices(entry, option, demand);
    this.#unshelve(entry);
    entry.since = at;
    entry.state = option.left;
    this.#shelve(entry);
    this.#held.set(workload, { entry, demand, devices });
    entry.workloads.add(workload);
    return { machine: entry.id, devices };
  }

  #machine(id: string): Entry {
    const entry = this.#machines.get(id);
    if (entry === undefined) throw bad(`Machine ${id} is not in the pool.`, "Add it first.");
    return entry;
  }

  *#used(): Generator<State> {
    for (const { state, empty } of this.#machines.values()) {
      yield state;
      yield empty;
    }
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

const allowed = (machine: Entry, { accepts, maxRate, demand }: PoolRequest): boolean =>
  (maxRate === undefined || rateOf(machine.price, demand) <= maxRate) && (accepts?.(machine) ?? true);

/** The first machine of a group that the request may have. */
function acceptable({ machines }: Group<Entry>, request: PoolRequest): Entry | undefined {
  if (request.accepts === undefined && request.maxRate === undefined) return machines[0];
  return machines.find((machine) => allowed(machine, request));
}
