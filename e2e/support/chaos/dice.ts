/** Numbers drawn from a seed: the same seed draws the same numbers (mulberry32). */
export interface Dice {
  /** A whole number from 0 to `below` - 1. */
  readonly upTo: (below: number) => number;
  /** A whole number of the inclusive range. */
  readonly between: (from: number, to: number) => number;
  readonly pick: <T>(from: readonly T[]) => T;
  /** Dice of their own, so that two that roll at the same time do not disturb each other. */
  readonly fork: () => Dice;
}

/** @param seed a whole number; only its low 32 bits count */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const upTo = (below: number): number => Math.floor((next() / 2 ** 32) * below);
  return {
    upTo,
    between: (from, to) => from + upTo(to - from + 1),
    pick(from) {
      const found = from[upTo(from.length)];
      if (found === undefined) throw new RangeError("nothing to pick from");
      return found;
    },
    fork: () => diceOf(next()),
  };
}

/** The seed of a run: the environment's, else the given one. The name is told with it, so that a failure can be repeated. */
export function seedOf(variable: string, standard: number): number {
  const given = process.env[variable];
  const seed = given === undefined ? standard : Number(given);
  if (!Number.isInteger(seed)) throw new RangeError(`${variable} is not a whole number: ${given}`);
  return seed;
}
