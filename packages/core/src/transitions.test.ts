import { describe, expect, it } from "vitest";
import { codeOf } from "./errors.ts";
import { LEASE } from "./lease.ts";
import { hasEnded, mayMove, move, pathTo, type Transitions } from "./transitions.ts";
import { ATTEMPT, WORKLOAD } from "./workload.ts";

const machines: readonly [string, Transitions<string>, string][] = [
  ["workload", WORKLOAD as Transitions<string>, "pending"],
  ["attempt", ATTEMPT as Transitions<string>, "assigned"],
  ["lease", LEASE as Transitions<string>, "ordered"],
];

describe.each(machines)("the state machine of a %s", (name, machine, first) => {
  const states = Object.keys(machine);

  it("makes every move that is written down, and refuses every other with both states named", () => {
    let refused = 0;
    for (const from of states) {
      for (const to of states) {
        if (machine[from]?.includes(to)) {
          expect(move(machine, name, from, to)).toBe(to);
          continue;
        }
        refused++;
        let caught: unknown;
        try {
          move(machine, name, from, to);
        } catch (error) {
          caught = error;
        }
        expect(codeOf(caught), `${from} to ${to}`).toBe("illegal-transition");
        expect((caught as Error).message).toContain(from);
      }
    }
    expect(refused).toBeGreaterThan(states.length);
  });

  it("names only states that exist, reaches all of them, and can always end", () => {
    const reach = (start: string): Set<string> => {
      const seen = new Set([start]);
      for (const state of seen) for (const next of machine[state] ?? []) seen.add(next);
      return seen;
    };
    expect([...reach(first)].sort()).toEqual([...states].sort());
    for (const state of states) {
      expect(
        [...reach(state)].some((s) => hasEnded(machine, s) || s === "closed"),
        state,
      ).toBe(true);
    }
  });
});

/** Every move there is, written down a second time: losing one leaves something stuck, a new one is a decision. */
describe("the moves", () => {
  const moves = (machine: Transitions<string>): string[] =>
    Object.entries(machine).map(([from, to]) => `${from}: ${[...to].sort().join(" ")}`.trim());

  it("of a lease", () => {
    expect(moves(LEASE as Transitions<string>)).toEqual([
      "ordered: failed opening",
      "opening: failed open",
      "open: closed closing opening",
      "closing: closed open opening",
      "closed: closing open",
      "failed:",
    ]);
  });

  it("of a workload", () => {
    expect(moves(WORKLOAD as Transitions<string>)).toEqual([
      "pending: cancelled failed ordered",
      "ordered: cancelled failed leased pending",
      "leased: finishing ordered starting",
      "starting: finishing running",
      "running: finishing frozen",
      "frozen: finishing running",
      "finishing: cancelled failed succeeded",
      "succeeded:",
      "failed:",
      "cancelled:",
    ]);
  });

  it("of an attempt", () => {
    expect(moves(ATTEMPT as Transitions<string>)).toEqual([
      "assigned: ended preparing",
      "preparing: ended running",
      "running: collecting ended frozen",
      "frozen: collecting ended running",
      "collecting: ended",
      "ended:",
    ]);
  });
});

describe("staying", () => {
  it("is no move", () => {
    expect(mayMove(WORKLOAD, "running", "running")).toBe(false);
  });
});

describe("the path to a state", () => {
  it("fills in what was missed, by legal moves only", () => {
    expect(pathTo(ATTEMPT, "assigned", "frozen")).toEqual(["preparing", "running", "frozen"]);
    expect(pathTo(ATTEMPT, "running", "running")).toEqual([]);
    expect(pathTo(ATTEMPT, "running", "preparing")).toBeUndefined();
    expect(pathTo(WORKLOAD, "succeeded", "running")).toBeUndefined();
    for (const from of Object.keys(LEASE) as (keyof typeof LEASE)[]) {
      for (const to of Object.keys(LEASE) as (keyof typeof LEASE)[]) {
        let at = from;
        for (const next of pathTo(LEASE, from, to) ?? []) at = move(LEASE, "lease", at, next);
        if (pathTo(LEASE, from, to) !== undefined) expect(at).toBe(to);
      }
    }
  });
});
