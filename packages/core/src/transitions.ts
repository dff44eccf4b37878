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
