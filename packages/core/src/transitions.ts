import { CorepoolError } from "./errors.ts";

/** A state machine written down: for every state, the states it may move to. Terminal states have none. */
export type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>;

/** Whether the machine allows the move. Staying in a state is no move. */
export function mayMove<S extends string>(machine: Transitions<S>, from: S, to: S): boolean {
  return machine[from].includes(to);
}

/** Returns `to`, or throws `illegal-transition` naming the subject and both states. */
export function move<S extends string>(machine: Transitions<S>, subject: string, from: S, to: S): S {
  if (!mayMove(machine, from, to)) {
    throw new CorepoolError("illegal-transition", {
      detail: `${subject} is ${from} and cannot become ${to}.`,
      next:
        machine[from].length === 0
          ? "It has ended; start a new one."
          : `From here it can become: ${machine[from].join(", ")}.`,
      data: { from, to },
    });
  }
  return to;
}

/** Whether the state is terminal. */
export function hasEnded<S extends string>(machine: Transitions<S>, state: S): boolean {
  return machine[state].length === 0;
}

/**
 * The shortest way from one state to another, without the first and with the last: what was missed in between when only
 * the outcome is seen. Empty when it is there already, undefined when there is no way.
 */
export function pathTo<S extends string>(machine: Transitions<S>, from: S, to: S): readonly S[] | undefined {
  if (from === to) return [];
  const ways = new Map<S, readonly S[]>([[from, []]]);
  for (const [state, way] of ways) {
    for (const next of machine[state]) {
      if (ways.has(next)) continue;
      const longer = [...way, next];
      if (next === to) return longer;
      ways.set(next, longer);
    }
  }
  return undefined;
}
