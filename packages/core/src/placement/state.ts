import { type Capacity, type Demand, type Device, keyOf, milliOf, serves, WHOLE } from "./demand.ts";

/** Machines that have the same, whatever of it is free. Devices that are alike stand side by side, in one run. */
export interface Kind {
  /** The same text for the same kind, and for no other. */
  readonly key: string;
  /** A short name, of this process only. */
  readonly id: number;
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
  readonly devices: readonly Device[];
  /** Of each device, its run. */
  readonly runs: readonly number[];
}

/** What is free on a machine; machines of one kind with the same free resources share the object. */
export interface State {
  readonly kind: Kind;
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
  /** Thousandths free of each device; within a run the freest comes first. */
  readonly free: readonly number[];
  /** Thousandths free in all. */
  readonly milli: number;
  /** Devices that are wholly free. */
  readonly wholes: number;
  /** Thousandths free of the freest device. */
  readonly most: number;
  /** The sum of squares of what is free of each device: higher when the same is free in fewer of them. */
  readonly unevenness: number;
  /** What serving a demand makes of it, as far as that was asked. */
  readonly options: Map<Known, readonly Option[]>;
  /** What it was last found to be worth, and by whose measure. */
  readonly worth: { by: object | undefined; milli: number };
}

/** A demand that the matcher has met, with what it need not work out again. */
export interface Known {
  readonly key: string;
  readonly demand: Demand;
  readonly milli: number;
}

/** One way to serve a demand: from which devices, told by their run and what was free of them, and what is left. */
export interface Option {
  readonly left: State;
  readonly take: readonly { readonly run: number; readonly free: number }[];
}

const NONE: readonly Option[] = [];

/** States, kinds and demands, each once, and what serving a demand makes of a state. */
export class States {
  readonly #kinds = new Map<string, Kind>();
  #states = new Map<string, State>();
  #known = new Map<string, Known>();

  /** How many states it keeps. */
  get size(): number {
    return this.#states.size;
  }

  /** Forgets everything but states that are still in use, and what was worked out of them. */
  forgetBut(used: Iterable<State>): void {
    this.#states = new Map();
    this.#known = new Map();
    for (const state of used) {
      state.options.clear();
      this.#states.set(nameOf(state.kind, state.cpu, state.memory, state.disk, state.free), state);
    }
  }

  /** The kind of a machine, and at each of its positions the place of the device in `capacity`. */
  kind(capacity: Capacity): { readonly kind: Kind; readonly order: readonly number[] } {
    const sorted = capacity.devices
      .map((device, index) => ({ index, device, text: textOf(device) }))
      .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.index - b.index));
    const { cpuMilli: cpu, memoryMib: memory, diskMib: disk } = capacity;
    const key = JSON.stringify([cpu, memory, disk, sorted.map(({ text }) => text)]);
    let kind = this.#kinds.get(key);
    if (kind === undefined) {
      let run = -1;
      const runs = sorted.map(({ text }, at) => (text === sorted[at - 1]?.text ? run : ++run));
      kind = { key, id: this.#kinds.size, cpu, memory, disk, devices: sorted.map(({ device }) => device), runs };
      this.#kinds.set(key, kind);
    }
    return { kind, order: sorted.map(({ index }) => index) };
  }

  /** @param free of each device of the kind, in any order within a run */
  state(kind: Kind, cpu: number, memory: number, disk: number, free: readonly number[]): State {
    const sorted = free
      .map((milli, at) => ({ milli, run: kind.runs[at] ?? 0 }))
      .sort((a, b) => a.run - b.run || b.milli - a.milli)
      .map(({ milli }) => milli);
    return this.#state(kind, cpu, memory, disk, sorted);
  }

  known(demand: Demand): Known {
    const key = keyOf(demand);
    let found = this.#known.get(key);
    if (found === undefined) {
      found = { key, demand, milli: milliOf(demand) };
      this.#known.set(key, found);
    }
    return found;
  }

  /** Every way to serve the demand that leaves another state; none when it does not fit. */
  options(state: State, known: Known): readonly Option[] {
    let options = state.options.get(known);
    if (options === undefined) {
      options = this.#work(state, known.demand);
      state.options.set(known, options);
    }
    return options;
  }

  #work(state: State, demand: Demand): readonly Option[] {
    if (demand.cpuMilli > state.cpu || demand.memoryMib > state.memory || demand.diskMib > state.disk) return NONE;
    if (demand.gpus === 0) return [this.#left(state, demand, [])];
    const { kind } = state;
    const able = (at: number): boolean => {
      const device = kind.devices[at];
      return device !== undefined && serves(device, demand);
    };
    if (demand.gpus > 1) {
      const chosen = wholeDevices(state, demand, able);
      return chosen === undefined ? NONE : [this.#left(state, demand, chosen)];
    }
    const options: Option[] = [];
    for (let at = 0; at < state.free.length; at++) {
      const free = state.free[at] ?? 0;
      const again = at > 0 && state.free[at - 1] === free && kind.runs[at - 1] === kind.runs[at];
      if (free >= demand.gpuMilli && !again && able(at)) options.push(this.#left(state, demand, [at]));
    }
    return options;
  }

  #left(state: State, demand: Demand, positions: readonly number[]): Option {
    const { kind } = state;
    const free = [...state.free];
    const take = positions.map((at) => ({ run: kind.runs[at] ?? 0, free: state.free[at] ?? 0 }));
    // What is taken from moves behind those of its run that are freer, so that the order within a run holds.
    for (const at of [...positions].sort((a, b) => b - a)) {
      const milli = (free[at] ?? 0) - demand.gpuMilli;
      let to = at;
      for (; kind.runs[to + 1] === kind.runs[at] && (free[to + 1] ?? 0) > milli; to++) free[to] = free[to + 1] ?? 0;
      free[to] = milli;
    }
    const { cpu, memory, disk } = state;
    const left = this.#state(kind, cpu - demand.cpuMilli, memory - demand.memoryMib, disk - demand.diskMib, free);
    return { left, take };
  }

  #state(kind: Kind, cpu: number, memory: number, disk: number, free: readonly number[]): State {
    const name = nameOf(kind, cpu, memory, disk, free);
    const found = this.#states.get(name);
    if (found !== undefined) return found;
    let milli = 0;
    let wholes = 0;
    let most = 0;
    let unevenness = 0;
    for (const each of free) {
      milli += each;
      unevenness += (each / WHOLE) ** 2;
      if (each === WHOLE) wholes++;
      if (each > most) most = each;
    }
    const known = { options: new Map(), worth: { by: undefined, milli: 0 } };
    const made: State = { kind, cpu, memory, disk, free, milli, wholes, most, unevenness, ...known };
    this.#states.set(name, made);
    return made;
  }
}

const nameOf = (kind: Kind, cpu: number, memory: number, disk: number, free: readonly number[]): string =>
  `${kind.id},${cpu},${memory},${disk},${free.join()}`;

/** An order of states that depends on nothing but what they are. */
export function compareStates(a: State, b: State): number {
  if (a === b) return 0;
  if (a.kind !== b.kind) return a.kind.key < b.kind.key ? -1 : 1;
  const rest = a.cpu - b.cpu || a.memory - b.memory || a.disk - b.disk;
  return rest !== 0 ? rest : (a.free.map((milli, at) => milli - (b.free[at] ?? 0)).find((by) => by !== 0) ?? 0);
}

const textOf = ({ model, memoryMib, shareable, group }: Device): string =>
  JSON.stringify([model, memoryMib, shareable, group]);

/**
 * Positions of wholly free devices: of the interconnect group that has the fewest that suffice; when none has enough,
 * of the fullest groups first, unless they must be together.
 */
function wholeDevices(
  { free, kind }: State,
  { gpus, together = false }: Demand,
  able: (at: number) => boolean,
): readonly number[] | undefined {
  const byGroup = new Map<number, number[]>();
  free.forEach((milli, at) => {
    const group = kind.devices[at]?.group ?? -1;
    if (milli !== WHOLE || !able(at) || (together && group < 0)) return;
    const positions = byGroup.get(group);
    if (positions === undefined) byGroup.set(group, [at]);
    else positions.push(at);
  });
  const groups = [...byGroup.values()].sort((a, b) => b.length - a.length);
  const enough = groups.findLast((positions) => positions.length >= gpus);
  if (enough !== undefined) return enough.slice(0, gpus);
  const all = together ? [] : groups.flat();
  return all.length < gpus ? undefined : all.slice(0, gpus);
}
