import { beforeAll, expect, it } from "vitest";
import { MUTANTS } from "../mutants.ts";
import { type Mutations, NO_MUTATION } from "../world/mutations.ts";
import { SeededRandom } from "../world/random.ts";
import type { IoCall, IoPlan } from "./calls.ts";
import { attempt, callsOf, plansOf, ROADS, type Road } from "./sweep.ts";

/** The whole is in `npm run bench -- io-faults`; here each kind of call goes wrong in each way once, somewhere. */
const SEED = 1;

/** Where calls once had consequences: all of these are tried for ever. */
const ONCE_WRONG: readonly (readonly [road: string, kind: RegExp])[] = [
  ["restarted", /sandbox (attach|follow log)/],
  ["left alone", /sandbox (attach|follow log|freeze|thaw)/],
];

const kindOf = ({ process, what }: IoCall): string => `${process} ${what}`;

interface Planned extends IoPlan {
  readonly road: Road;
  readonly kind: string;
}

const planned: Planned[] = [];

beforeAll(async () => {
  for (const road of ROADS) {
    const calls = await callsOf(road);
    for (const plan of plansOf(calls)) {
      const call = calls[plan.call];
      if (call !== undefined) planned.push({ ...plan, road, kind: kindOf(call) });
    }
  }
}, 60_000);

const on = (road: string, kind: RegExp) => planned.filter((plan) => plan.road.name === road && kind.test(plan.kind));

it("counts the calls of every part through every port", () => {
  const kinds = new Set(planned.map(({ kind }) => kind));
  for (const kind of [
    "coordinator chain eth_sendRawTransaction",
    "coordinator database commit",
    "coordinator sender save",
    "coordinator wire send",
    "coordinator notification",
    "agent-0 journal append",
    "agent-0 sandbox create",
    "agent-0 sandbox freeze",
    "agent-0 sandbox destroy",
    "agent-0 blob upload",
    "agent-0 wire send",
    "client-0 http POST",
    "client-0 http stream",
    "client-0 job file",
  ]) {
    expect(kinds).toContain(kind);
  }
});

it("settles the job, or says why not, whichever call goes wrong, and stays so", {
  timeout: 300_000,
  retry: 0,
}, async () => {
  const random = new SeededRandom(SEED, "io");
  const byKind = Map.groupBy(planned, ({ kind, fault }) => `${kind} ${fault}`);
  const drawn = [...byKind.values()].flatMap((plans) => plans[random.between(0, plans.length - 1)] ?? []);
  const chosen = new Set([...drawn, ...ONCE_WRONG.flatMap(([road, kind]) => on(road, kind))]);
  const wrong: string[] = [];
  let explained = 0;
  for (const plan of chosen) {
    const { succeeded, reason, wrong: found } = await attempt(plan.road, plan);
    if (!succeeded) explained += 1;
    for (const line of !succeeded && reason === undefined ? [...found, "no reason is given"] : found)
      wrong.push(`${plan.road.name}, call ${plan.call}: ${plan.kind} ${plan.fault}: ${line}`);
  }
  expect(wrong).toEqual([]);
  expect(byKind.size).toBeGreaterThan(100);
  // A failed call is no reason to fail a job, but for those that start its sandbox.
  expect(explained).toBeLessThanOrEqual(6);
});

const mutant = (name: string): (() => Mutations) => {
  const found = MUTANTS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no planted bug ${name}`);
  return found.mutations;
};

it.each<[bug: string, road: string, kind: RegExp, () => Mutations]>([
  ["a request that comes again is done again", "watched", /client-0 http POST/, mutant("no-idempotency")],
  [
    "a write of the journal that failed counts as done",
    "restarted",
    /journal append/,
    () => ({
      ...NO_MUTATION,
      journal: (given) => ({ ...given, append: (lines) => given.append(lines).catch(() => undefined) }),
    }),
  ],
  [
    "a sandbox that could not be destroyed counts as destroyed",
    "watched",
    /sandbox destroy/,
    () => ({
      ...NO_MUTATION,
      runtime: (given) => ({
        ...given,
        create: async (spec) => {
          const handle = await given.create(spec);
          return { ...handle, destroy: () => handle.destroy().catch(() => undefined) };
        },
      }),
    }),
  ],
])("finds the planted bug that %s", { timeout: 60_000, retry: 0 }, async (_, road, kind, mutations) => {
  let found: string | undefined;
  for (const plan of on(road, kind)) {
    [found] = (await attempt(plan.road, plan, mutations())).wrong;
    if (found !== undefined) break;
  }
  expect(found).toBeDefined();
});
