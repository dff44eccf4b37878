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

const relative = (amount: bigint, { reference }: Weights): number => Number(amount) / Number(reference);

/** Reputation and waiting: what does not depend on the demand. Lower is better, as in all that follows. */
const standingOf = ({ reputation, since }: Standing, weights: Weights): number =>
  weights.reputation * (1 - reputation) + (weights.waiting * since) / 3_600;

/**
 * The first, cheap order of machines, in which candidates are looked for: standing, the usual price, and how much is
 * free, since what is nearly full is best filled up (best fit). It depends on no demand.
 */
export function rough(state: State, standing: Standing, weights: Weights): number {
  const room = state.milli / WHOLE + state.cpu / CPU_MILLI_PER_GPU;
  const price = weights.price * relative(cost(standing.price, WHOLE, CPU_MILLI_PER_GPU), weights);
  return weights.fragmentation * room + price + standingOf(standing, weights);
}

/**
 * The order in which a machine is chosen among candidates is the sum of this and `fragmentation`. Machines that leave the
 * same state go by this alone: of two that are alike but for price, reputation or waiting the better is taken, and since
 * waiting counts without bound, no machine that fits is passed over for ever.
 */
export function merit(demand: Demand, standing: Standing, weights: Weights): number {
  return weights.price * relative(rateOf(standing.price, demand), weights) + standingOf(standing, weights);
}

/** Of equal losses the one that leaves most in whole devices; measured, and worth 0.15 points of a cluster's GPUs. */
const TIE = 1e-6;

/**
 * What a placement spoils for others.
 * @param lost worth that the machine loses, in thousandths of devices, more than what the demand takes itself
 * @param left what would be left of it
 */
export function fragmentation(lost: number, left: State, weights: Weights): number {
  return weights.fragmentation * (lost / WHOLE - TIE * left.unevenness);
}
