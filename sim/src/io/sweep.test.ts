import { beforeAll, expect, it } from "vitest";
import { MUTANTS } from "../mutants.ts";
import { type Mutations, NO_MUTATION } from "../world/mutations.ts";
import { SeededRandom } from "../world/random.ts";
import type { IoCall, IoPlan } from "./calls.ts";
import { attempt, callsOf, plansOf, ROADS, type Road } from "./sweep.ts";

/** The whole is in `npm run bench -- io-faults`; here each kind of call goes wrong in each way once, somewhere. */
const SEED = 1;

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
  timeout: 180_000,
  retry: 0,
}, async () => {
  const random = new SeededRandom(SEED, "io");
  const byKind = Map.groupBy(planned, ({ kind, fault }) => `${kind} ${fault}`);
  const wrong: string[] = [];
  let succeeded = 0;
  for (const [name, plans] of byKind) {
    const plan = plans[random.between(0, plans.length - 1)];
    if (plan === undefined) continue;
    const trial = await attempt(plan.road, plan);
    if (trial.succeeded) succeeded += 1;
    else if (trial.reason === undefined)
      wrong.push(`${plan.road.name}, call ${plan.call}: ${name}: no reason is given`);
    for (const line of trial.wrong) wrong.push(`${plan.road.name}, call ${plan.call}: ${name}: ${line}`);
  }
  expect(wrong).toEqual([]);
  expect(byKind.size).toBeGreaterThan(100);
  // A failed call is no reason to fail a job, but for the very start of its sandbox.
  expect(byKind.size - succeeded).toBeLessThanOrEqual(4);
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
