import { type Demand, serves, WHOLE } from "./demand.ts";
import type { State } from "./state.ts";

/** What a machine can lack. CPUs in thousandths of a core, memory and disk in MiB, shares in thousandths of a device. */
export type Lack =
  | "closed"
  | "constraint"
  | "price"
  | "cpus"
  | "memory"
  | "disk"
  | "gpu-model"
  | "gpu-memory"
  | "gpu-share"
  | "gpu-count"
  | "gpu-together";

/** Why one machine cannot take a demand: the first thing that it lacks, how much was asked and how much is there. */
export interface Refusal {
  readonly machine: string;
  readonly dimension: Lack;
  readonly required: string;
  readonly available: string;
  /** Whether it would fit if nothing else ran there: then waiting helps. */
  readonly busy: boolean;
}

/** A change to what is asked, and how many machines it admits. */
export interface Change {
  readonly dimension: Lack;
  readonly change: string;
  readonly demand: Demand;
  /** Workers of that demand in the place of one. */
  readonly workers: number;
  /** The highest price, in base units per second, that it takes; undefined: any. */
  readonly maxRate: bigint | undefined;
  readonly machines: number;
}

export interface Explanation {
  readonly considered: number;
  readonly fitting: number;
  readonly refusals: readonly Refusal[];
  /** How many machines each thing keeps from serving, most first. */
  readonly counts: readonly { readonly dimension: Lack; readonly machines: number }[];
  /** At most three changes, cheapest first; each was tried. */
  readonly changes: readonly Change[];
}

type Shortfall = Pick<Refusal, "dimension" | "required" | "available">;

const of = (dimension: Lack, required: number | string, available: number | string): Shortfall => ({
  dimension,
  required: String(required),
  available: String(available),
});

/** What keeps a machine in this state from serving the demand; undefined when nothing does. */
export function shortfall(state: State, demand: Demand): Shortfall | undefined {
  const { kind, free } = state;
  const { gpus, gpuMilli, models, gpuMemoryMib = 0, together = false } = demand;
  if (gpus > 0) {
    const all = kind.devices.length;
    if (all < gpus) return of("gpu-count", gpus, all);
    const ofModel = kind.devices.filter(({ model }) => models === undefined || models.includes(model));
    if (ofModel.length < gpus) {
      const names = [...new Set(kind.devices.map(({ model }) => model))].join(", ");
      return of("gpu-model", `${gpus} × ${(models ?? []).join(" or ")}`, `${ofModel.length}; there is ${names}`);
    }
    const large = ofModel.filter(({ memoryMib }) => memoryMib >= gpuMemoryMib);
    if (large.length < gpus) return of("gpu-memory", gpuMemoryMib, Math.max(...ofModel.map((one) => one.memoryMib)));
    const able = kind.devices.flatMap((device, at) => (serves(device, demand) ? [at] : []));
    if (able.length < gpus) return of("gpu-share", gpuMilli, "whole devices only");
    const enough = able.filter((at) => (free[at] ?? 0) >= gpuMilli);
    if (enough.length === 0 && gpuMilli < WHOLE)
      return of("gpu-share", gpuMilli, Math.max(...able.map((at) => free[at] ?? 0)));
    if (enough.length < gpus) return of("gpu-count", gpus, enough.length);
    if (together && gpus > 1) {
      const groups = enough.map((at) => kind.devices[at]?.group ?? -1).filter((group) => group >= 0);
      const most = Math.max(0, ...groups.map((group) => groups.filter((each) => each === group).length));
      if (most < gpus) return of("gpu-together", gpus, most);
    }
  }
  if (state.cpu < demand.cpuMilli) return of("cpus", demand.cpuMilli, state.cpu);
  if (state.memory < demand.memoryMib) return of("memory", demand.memoryMib, state.memory);
  if (state.disk < demand.diskMib) return of("disk", demand.diskMib, state.disk);
  return undefined;
}

/** A change before it is tried; `cost`: how far it is from what was asked, 0 for not at all. */
type Proposal = Omit<Change, "machines"> & { readonly cost: number };

/** To give up a named wish counts as much as to ask for nothing of a quantity. */
const WISH = 1;
const MOST_CHANGES = 3;

/** The demand with less of one thing: no more than there is. */
function smaller(demand: Demand, { dimension, available }: Shortfall): Demand | undefined {
  const there = Number(available);
  switch (dimension) {
    case "cpus":
      return { ...demand, cpuMilli: there };
    case "memory":
      return { ...demand, memoryMib: there };
    case "disk":
      return { ...demand, diskMib: there };
    case "gpu-memory":
      return { ...demand, gpuMemoryMib: there };
    case "gpu-model":
      return { ...demand, models: undefined };
    case "gpu-together":
      return { ...demand, together: false };
    case "gpu-share":
      if (Number.isNaN(there)) return { ...demand, gpuMilli: WHOLE };
      return there > 0 ? { ...demand, gpuMilli: there } : undefined;
    case "gpu-count":
      return there > 0 ? { ...demand, gpus: there } : undefined;
    default:
      return undefined;
  }
}

const TEXT: Partial<Record<Lack, (demand: Demand) => string>> = {
  cpus: ({ cpuMilli }) => `ask for ${cpuMilli / 1_000} cores`,
  memory: ({ memoryMib }) => `ask for ${memoryMib} MiB of memory`,
  disk: ({ diskMib }) => `ask for ${diskMib} MiB of disk`,
  "gpu-memory": ({ gpuMemoryMib }) => `ask for ${gpuMemoryMib} MiB of GPU memory`,
  "gpu-model": () => "take any GPU model",
  "gpu-together": () => "take GPUs that are not linked",
  "gpu-share": ({ gpuMilli }) => (gpuMilli === WHOLE ? "take a whole GPU" : `take ${gpuMilli / 10} % of a GPU`),
  "gpu-count": ({ gpus }) => `ask for ${gpus} ${gpus === 1 ? "GPU" : "GPUs"}`,
};

const QUANTITY: Partial<Record<Lack, (demand: Demand) => number>> = {
  cpus: ({ cpuMilli }) => cpuMilli,
  memory: ({ memoryMib }) => memoryMib,
  disk: ({ diskMib }) => diskMib,
  "gpu-memory": ({ gpuMemoryMib = 0 }) => gpuMemoryMib,
  "gpu-share": ({ gpuMilli }) => gpuMilli,
  "gpu-count": ({ gpus }) => gpus,
};

/** The change that mends one machine's shortfall; undefined where asking for less does not help. */
function proposalFor({ demand, maxRate }: Asked, lack: Shortfall): Proposal | undefined {
  const less = smaller(demand, lack);
  const text = TEXT[lack.dimension];
  if (less === undefined || text === undefined) return undefined;
  const quantity = QUANTITY[lack.dimension];
  const cost = quantity === undefined ? WISH : Math.abs(quantity(demand) - quantity(less)) / quantity(demand);
  return { dimension: lack.dimension, change: text(less), demand: less, workers: 1, maxRate, cost };
}

function dearer({ demand, maxRate = 0n }: Asked, rate: bigint): Proposal {
  const cost = maxRate === 0n ? WISH : Number(((rate - maxRate) * 1_000n) / maxRate) / 1_000;
  return {
    dimension: "price",
    change: `pay up to ${rate} base units per second`,
    demand,
    workers: 1,
    maxRate: rate,
    cost,
  };
}

/** The same devices as single workers on any machines; undefined for one device. */
function splitOf({ demand, maxRate }: Asked): Proposal | undefined {
  const { cpuMilli, memoryMib, diskMib, gpus } = demand;
  if (gpus < 2) return undefined;
  const part = (amount: number): number => Math.ceil(amount / gpus);
  const single = { ...demand, gpus: 1, together: false };
  return {
    dimension: "gpu-count",
    change: `take ${gpus} × 1 instead of 1 × ${gpus} GPUs`,
    demand: { ...single, cpuMilli: part(cpuMilli), memoryMib: part(memoryMib), diskMib: part(diskMib) },
    workers: gpus,
    maxRate: maxRate === undefined ? undefined : maxRate / BigInt(gpus),
    cost: WISH,
  };
}

/** What is asked, beside the demand itself. */
interface Asked {
  readonly demand: Demand;
  readonly maxRate?: bigint | undefined;
}

/** A machine as an explanation looks at it. */
export interface Looked {
  readonly id: string;
  readonly state: State;
  /** The state in which nothing runs there. */
  readonly empty: State;
  readonly open: boolean;
  /** Whether the request may have it at all. */
  readonly accepted: boolean;
  rateOf(demand: Demand): bigint;
}

function lackOf(machine: Looked, { demand, maxRate }: Asked, lack: (state: State) => Shortfall | undefined) {
  if (!machine.open) return of("closed", "a machine that takes work", "draining");
  if (!machine.accepted) return of("constraint", "what was asked of a machine", "another one");
  const first = lack(machine.state);
  if (first !== undefined || maxRate === undefined) return first;
  const rate = machine.rateOf(demand);
  return rate > maxRate ? of("price", String(maxRate), String(rate)) : undefined;
}

/** How many machines could take one worker of it now. */
function admitted(machines: readonly Looked[], asked: Asked): number {
  const lack = memo((state) => shortfall(state, asked.demand));
  return machines.filter((machine) => lackOf(machine, asked, lack) === undefined).length;
}

/** Machines in one state lack the same: it is worked out once. */
function memo<T>(work: (state: State) => T): (state: State) => T {
  const known = new Map<State, T>();
  return (state) => {
    const found = known.get(state);
    if (found !== undefined || known.has(state)) return found as T;
    const made = work(state);
    known.set(state, made);
    return made;
  };
}

/**
 * Says of every machine why it cannot take the demand, and which smallest changes would help. Of each dimension the
 * smallest change is taken that admits a machine by itself; it is counted by asking every machine again.
 * @param fits whether so many workers of a demand find places all at once
 */
export function explain(
  machines: readonly Looked[],
  asked: Asked,
  fits: (demand: Demand, workers: number, maxRate: bigint | undefined) => boolean,
): Explanation {
  const lack = memo((state) => shortfall(state, asked.demand));
  const alone = memo((state) => shortfall(state, asked.demand) === undefined);
  const refusals: Refusal[] = [];
  const best = new Map<Lack, Proposal>();
  const propose = (proposal: Proposal | undefined, machine?: Looked): void => {
    if (proposal === undefined || proposal.cost >= (best.get(proposal.dimension)?.cost ?? Number.POSITIVE_INFINITY))
      return;
    if (machine !== undefined && lackOf(machine, proposal, (state) => shortfall(state, proposal.demand)) !== undefined)
      return;
    best.set(proposal.dimension, proposal);
  };
  for (const machine of machines) {
    const missing = lackOf(machine, asked, lack);
    if (missing === undefined) continue;
    const busy = machine.open && machine.accepted && missing.dimension !== "price" && alone(machine.empty);
    refusals.push({ machine: machine.id, ...missing, busy });
    if (missing.dimension === "price") propose(dearer(asked, machine.rateOf(asked.demand)), machine);
    else if (machine.open && machine.accepted) propose(proposalFor(asked, missing), machine);
  }
  const counts = new Map<Lack, number>();
  for (const { dimension } of refusals) counts.set(dimension, (counts.get(dimension) ?? 0) + 1);
  const fitting = machines.length - refusals.length;
  const split = fitting > 0 ? undefined : splitOf(asked);
  const proposals = fitting > 0 ? [] : [...best.values(), ...(split === undefined ? [] : [split])];
  const changes = proposals
    .sort((a, b) => a.cost - b.cost)
    .filter(({ demand, workers, maxRate }) => fits(demand, workers, maxRate))
    .slice(0, MOST_CHANGES)
    .map(({ dimension, change, demand, workers, maxRate }) => {
      return { dimension, change, demand, workers, maxRate, machines: admitted(machines, { demand, maxRate }) };
    });
  return {
    considered: machines.length,
    fitting,
    refusals,
    counts: [...counts].map(([dimension, of]) => ({ dimension, machines: of })).sort((a, b) => b.machines - a.machines),
    changes,
  };
}
