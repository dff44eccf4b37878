import { type Demand, milliOf, WHOLE } from "./demand.ts";
import type { State } from "./state.ts";

/** What a machine asks, in base units per second: for a whole device, and for a core. */
export interface MachinePrice {
  readonly perGpu: bigint;
  readonly perCpu: bigint;
}

/** What of a machine, beside what is free on it, decides its place in the queue. */
export interface Standing {
  readonly price: MachinePrice;
  /** 0 to 1. */
  readonly reputation: number;
  /** When it last got work, or was added, in seconds since the epoch. */
  readonly since: number;
}

/**
 * How much each thing counts among machines that fit, in whole devices: `price` for a price that is higher by
 * `reference`, `fragmentation` for a device that nobody else will use, `reputation` for the whole of it, `waiting` for
 * an hour without new work.
 */
export interface Weights {
  readonly price: number;
  readonly fragmentation: number;
  readonly reputation: number;
  readonly waiting: number;
  /** What a whole device with its cores usually costs, in base units per second. */
  readonly reference: bigint;
}

export const WEIGHTS: Weights = {
  price: 4,
  fragmentation: 1,
  reputation: 1,
  waiting: 0.05,
  reference: 10n ** 14n,
};

/** A device usually comes with so many cores, in thousandths. */
const CPU_MILLI_PER_GPU = 16_000;

const cost = ({ perGpu, perCpu }: MachinePrice, milli: number, cpuMilli: number): bigint =>
  (perGpu * BigInt(milli) + perCpu * BigInt(cpuMilli)) / BigInt(WHOLE);

/** What a demand costs on a machine, in base units per second, rounded down. */
export const rateOf = (price: MachinePrice, demand: Demand): bigint => cost(price, milliOf(demand), demand.cpuMilli);

const relative = (amount: bigint, { reference }: Weights): number => Number((amount * 1_000_000n) / reference) / 1e6;

const usual = (price: MachinePrice): bigint => cost(price, WHOLE, CPU_MILLI_PER_GPU);

const standingOf = ({ reputation, since }: Standing, weights: Weights): number =>
  weights.reputation * (1 - reputation) + (weights.waiting * since) / 3_600;

/**
 * The first, cheap order of machines, in which candidates are looked for: standing, the usual price, and how much is
 * free, since what is nearly full is best filled up (best fit). Lower comes first; it depends on no demand.
 */
export function rough(state: State, standing: Standing, weights: Weights): number {
  const room = state.milli / WHOLE + state.cpu / CPU_MILLI_PER_GPU;
  const price = weights.price * relative(usual(standing.price), weights);
  return weights.fragmentation * room + price + standingOf(standing, weights);
}

/**
 * The order in which candidates are chosen; lower is better. Machines that leave the same state go by price, reputation
 * and waiting alone: of two that are alike but for one of these the better is taken, and since waiting counts without
 * bound, no machine that fits is passed over for ever.
 * @param lost worth that the pool loses, in thousandths of devices; the demand's own is not lost
 * @param left what would be left of the machine
 */
export function fine(demand: Demand, lost: number, left: State, standing: Standing, weights: Weights): number {
  const price = weights.price * relative(rateOf(standing.price, demand), weights);
  const fragmentation = (lost - milliOf(demand)) / WHOLE - TIE * evenness(left);
  return weights.fragmentation * fragmentation + price + standingOf(standing, weights);
}

/** Of equal losses: shares of one device rather than of many. */
const TIE = 1e-6;
const evenness = ({ free }: State): number => {
  let sum = 0;
  for (const milli of free) sum += (milli / WHOLE) ** 2;
  return sum;
};
