import { type Demand, WHOLE } from "./demand.ts";
import { compareStates, type State } from "./state.ts";

/** Machines that are alike in all that placement looks at, in the order of their names. */
export interface Group<M> {
  readonly state: State;
  readonly rough: number;
  readonly machines: M[];
}

/** Shares are told apart in steps of so many thousandths. */
const STEP = 50;
const SHARES = WHOLE / STEP;

const levelOf = ({ wholes, most }: State): number => (wholes > 0 ? SHARES + wholes : Math.floor(most / STEP));

/** Levels below this one cannot serve the demand. */
function lowest({ gpus, gpuMilli }: Demand): number {
  if (gpus === 0) return 0;
  return gpus === 1 && gpuMilli < WHOLE ? Math.floor(gpuMilli / STEP) : SHARES + gpus;
}

/** The machines by what is free on them, each level in rough order: candidates are found without a look at all others. */
export class Shelves<M extends { readonly id: string }> {
  readonly #levels: Group<M>[][] = [];

  add(machine: M, state: State, rough: number): void {
    const level = this.#level(levelOf(state));
    const at = search(level, rough, state);
    let group = level[at];
    if (group === undefined || group.rough !== rough || group.state !== state) {
      group = { state, rough, machines: [] };
      level.splice(at, 0, group);
    }
    group.machines.splice(place(group.machines, machine.id), 0, machine);
  }

  remove(machine: M, state: State, rough: number): void {
    const level = this.#level(levelOf(state));
    const at = search(level, rough, state);
    const group = level[at];
    if (group?.state !== state || group.rough !== rough) return;
    const index = place(group.machines, machine.id);
    if (group.machines[index] === machine) group.machines.splice(index, 1);
    if (group.machines.length === 0) level.splice(at, 1);
  }

  /** Visits groups that may serve the demand, in rough order, until a visit says that it has seen enough. */
  visit(demand: Demand, visit: (group: Group<M>) => boolean): void {
    const heads: { readonly level: readonly Group<M>[]; at: number; group: Group<M> }[] = [];
    for (let i = lowest(demand); i < this.#levels.length; i++) {
      const level = this.#levels[i];
      const group = level?.[0];
      if (level !== undefined && group !== undefined) heads.push({ level, at: 0, group });
    }
    for (let head = first(heads); head !== undefined; head = first(heads)) {
      if (visit(head.group)) return;
      const next = head.level[++head.at];
      if (next === undefined) heads.splice(heads.indexOf(head), 1);
      else head.group = next;
    }
  }

  #level(number: number): Group<M>[] {
    while (this.#levels.length <= number) this.#levels.push([]);
    return this.#levels[number] as Group<M>[];
  }
}

/** The head whose group comes first in rough order. */
function first<H extends { readonly group: Group<unknown> }>(heads: readonly H[]): H | undefined {
  let [best] = heads;
  if (best === undefined) return undefined;
  for (let i = 1; i < heads.length; i++) {
    const head = heads[i] as H;
    const by = head.group.rough - best.group.rough;
    if (by < 0 || (by === 0 && order(head.group, best.group.rough, best.group.state) < 0)) best = head;
  }
  return best;
}

const order = <M>(group: Group<M>, rough: number, state: State): number =>
  group.rough - rough || compareStates(group.state, state);

/** Where the group stands, or would stand. */
function search<M>(level: readonly Group<M>[], rough: number, state: State): number {
  let [low, high] = [0, level.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const group = level[middle];
    if (group !== undefined && order(group, rough, state) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function place(machines: readonly { readonly id: string }[], id: string): number {
  let [low, high] = [0, machines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((machines[middle]?.id ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
