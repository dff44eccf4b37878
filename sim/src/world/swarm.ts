import type { SeededRandom } from "./random.ts";

/** What one world is like. Drawn whole from the seed, so that worlds differ in kind and not only in luck. */
export interface Swarm {
  /** `safety`: faults until the end, nothing may ever be wrong. `liveness`: faults stop, and then all must be done. */
  readonly mode: "safety" | "liveness";
  readonly machines: number;
  readonly clients: number;
  readonly jobsEach: number;
  /** Under a mandate the coordinator itself keeps the watch. */
  readonly mandates: boolean;
  readonly followsLogs: boolean;
  readonly slices: number;
  readonly intervalSeconds: number;
  readonly holdSeconds: number;
  readonly closePatienceSeconds: number;
  readonly blockMs: number;
  readonly finalityDepth: number;
  readonly nodes: number;
  /** Typical one-way delay of the network, ms. */
  readonly delayMs: number;
  readonly loss: number;
  readonly duplicate: number;
  readonly stall: number;
  readonly syncMs: number;
  readonly diskFull: number;
  /** Milliseconds of a statement; mostly none. */
  readonly statementMs: number;
  readonly conflict: number;
  readonly lostCommit: number;
  /** Milliseconds until a node of the chain answers. */
  readonly nodeMs: number;
  readonly nodeSilent: number;
  readonly startMs: number;
  readonly noStart: number;
  /** Faults that strike at a moment, and until when, ms. */
  readonly strikes: number;
  readonly stormMs: number;
  /** By how much clocks are wrong, ms. */
  readonly skewMs: number;
  /** How often a wall clock is set far wrong, repeats a second or runs at another speed. */
  readonly clockFaults: number;
}

/** A world in which nothing goes wrong. */
export const CALM: Swarm = {
  mode: "liveness",
  machines: 1,
  clients: 1,
  jobsEach: 1,
  mandates: false,
  followsLogs: false,
  slices: 0,
  intervalSeconds: 2,
  holdSeconds: 20,
  closePatienceSeconds: 60,
  blockMs: 2_000,
  finalityDepth: 3,
  nodes: 1,
  delayMs: 5,
  loss: 0,
  duplicate: 0,
  stall: 0,
  syncMs: 1,
  diskFull: 0,
  statementMs: 0,
  conflict: 0,
  lostCommit: 0,
  nodeMs: 0,
  nodeSilent: 0,
  startMs: 50,
  noStart: 0,
  strikes: 0,
  stormMs: 0,
  skewMs: 0,
  clockFaults: 0,
};

/** Draws a world. Most faults are off in most worlds, so that each also meets the others without noise around it. */
export function drawSwarm(random: SeededRandom): Swarm {
  const maybe = (probability: number, value: number) => (random.chance(probability) ? value : 0);
  return {
    mode: random.chance(0.3) ? "safety" : "liveness",
    machines: random.pick([1, 1, 2]),
    clients: random.pick([1, 1, 2]),
    jobsEach: random.pick([1, 1, 2]),
    mandates: random.chance(0.2),
    followsLogs: random.chance(0.2),
    slices: random.pick([0, 0, 2]),
    intervalSeconds: random.pick([2, 3, 5]),
    holdSeconds: random.pick([5, 20]),
    closePatienceSeconds: random.pick([10, 60]),
    blockMs: random.pick([1_000, 2_000, 4_000]),
    finalityDepth: random.pick([3, 4, 6]),
    nodes: random.pick([1, 1, 2]),
    delayMs: random.pick([1, 5, 30, 150]),
    loss: maybe(0.4, random.pick([0.005, 0.02, 0.05])),
    duplicate: maybe(0.4, random.pick([0.02, 0.1, 0.3])),
    stall: maybe(0.2, 0.01),
    syncMs: random.pick([0, 5, 100]),
    diskFull: maybe(0.1, 0.05),
    statementMs: maybe(0.25, random.pick([2, 20, 40])),
    conflict: maybe(0.2, 0.03),
    lostCommit: maybe(0.2, random.pick([0.005, 0.02])),
    nodeMs: maybe(0.3, random.pick([2, 20])),
    nodeSilent: maybe(0.25, random.pick([0.01, 0.05])),
    startMs: random.pick([10, 100, 800]),
    noStart: maybe(0.1, 0.2),
    strikes: random.pick([0, 1, 2, 3, 5, 8, 12]),
    stormMs: random.between(8_000, 30_000),
    skewMs: maybe(0.3, random.pick([500, 3_000, 30_000])),
    clockFaults: maybe(0.3, random.pick([2, 4, 8])),
  };
}
