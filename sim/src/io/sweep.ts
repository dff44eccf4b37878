import type { Attempt, Workload } from "@corepool/coordinator/market/documents";
import type { LogChunkRecord } from "@corepool/core/ports/store-messages";
import type { Mutations } from "../world/mutations.ts";
import { run } from "../world/run.ts";
import { CALM, type Swarm } from "../world/swarm.ts";
import type { World } from "../world/world.ts";
import { IO_FAULTS, type IoCall, type IoPlan } from "./calls.ts";

/** A way from a wish to a settled lease on which nothing goes wrong by itself. */
export interface Road {
  readonly name: string;
  readonly seed: number;
  readonly swarm: Swarm;
  readonly during?: (world: World) => void;
}

/** Of this seed's job: it runs for ten seconds, prints two lines, leaves a file and exits with 0. */
const SEED = 9;
const swarm: Swarm = { ...CALM, followsLogs: true, blockMs: 1_000 };
/** When the job runs on every road. */
const RUNNING_AT_MS = 6_000;
const AWAY_MS = 8_000;

export const ROADS: readonly [Road, ...Road[]] = [
  { name: "watched", seed: SEED, swarm },
  { name: "mandated", seed: SEED, swarm: { ...swarm, mandates: true } },
  {
    name: "restarted",
    seed: SEED,
    swarm,
    during: (world) => void world.executor.after(RUNNING_AT_MS, "all is restarted", () => world.restartAll()),
  },
  {
    name: "left alone",
    seed: SEED,
    swarm,
    during: (world) => {
      const [client] = world.clients;
      if (client === undefined) return;
      world.executor.after(RUNNING_AT_MS, "the client goes away", () => world.killClient(client));
      world.executor.after(RUNNING_AT_MS + AWAY_MS, "the client is back", () => {
        if (client.process === undefined) world.startClient(client);
      });
    },
  },
];

/** How a job fared on a road on which one call went wrong. */
export interface Trial {
  readonly call: IoCall | undefined;
  /** Violated invariants, and what else must not be; empty when all is well. */
  readonly wrong: readonly string[];
  readonly succeeded: boolean;
  /** What its client was told of a job that did not succeed. */
  readonly reason: string | undefined;
}

/** The calls that are made on a road, in their order. Rejects when something is wrong with it as it is. */
export async function callsOf(road: Road): Promise<readonly IoCall[]> {
  let calls: readonly IoCall[] = [];
  const { violations } = await run(road.seed, {
    ...road,
    io: "count",
    inspect: (world) => {
      calls = world.io.calls.slice(0, world.callsUntilDone);
    },
  });
  if (violations.length > 0) throw new Error(`the road ${road.name} is not sound: ${violations[0]?.detail}`);
  return calls;
}

/** Everything that can go wrong on it, one thing at a time. */
export const plansOf = (calls: readonly IoCall[]): readonly IoPlan[] =>
  calls.flatMap(({ changes }, call) =>
    IO_FAULTS.filter((fault) => changes || fault === "fails" || fault === "dies").map((fault) => ({ call, fault })),
  );

/** Goes the road with one call going wrong, up to a restart of everything behind its end. */
export async function attempt(road: Road, plan: IoPlan, mutations?: Mutations): Promise<Trial> {
  const left: { trial?: Omit<Trial, "wrong">; wrong: readonly string[] } = { wrong: [] };
  const { violations } = await run(road.seed, {
    ...road,
    io: plan,
    ...(mutations === undefined ? {} : { mutations }),
    inspect: (world) => {
      left.trial = endingOf(world);
      left.wrong = lostIn(world);
    },
  });
  const { call, succeeded = false, reason } = left.trial ?? {};
  const violated = violations.map(({ invariant, detail }) => `${invariant}: ${detail}`);
  return { call, succeeded, reason, wrong: violated.length > 0 ? violated : left.wrong };
}

const workloads = (world: World) => [...world.database.table("workloads").values()] as Workload[];

function endingOf(world: World): Omit<Trial, "wrong"> {
  const [job] = world.clients.flatMap(({ jobs }) => jobs);
  const last = workloads(world).find(({ id }) => id === (job?.known.at(-1) ?? job?.mandated));
  const succeeded = job?.ended === "succeeded";
  return { call: world.io.struck, succeeded, reason: succeeded ? undefined : (last?.reason ?? undefined) };
}

/** What was lost on the way, beside what the world's own checks see. */
function lostIn(world: World): readonly string[] {
  const lost: string[] = [];
  if (world.io.struck === undefined) lost.push("the call that was to go wrong was never made");
  const { escrow } = world.blocks.head.state;
  if (escrow !== 0n) lost.push(`${escrow} base units are in escrow still`);
  for (const { id, state, reason, outputs } of workloads(world)) {
    if (state === "failed" && reason === null) lost.push(`${id} failed without a reason`);
    if (state !== "succeeded") continue;
    const attempts = ([...world.database.table("attempts").values()] as Attempt[]).filter((a) => a.workload === id);
    const said = attempts.map((each) => logOf(world, each.id)).at(-1);
    if (said !== "begins\nends\n") lost.push(`of the log of ${id} there is ${JSON.stringify(said)}`);
    const named = attempts.some(({ detail }) => detail?.startsWith("Outputs left out") === true);
    if (outputs.length !== 1 && !named) lost.push(`${id} has ${outputs.length} outputs and nothing is said of it`);
  }
  return lost;
}

function logOf(world: World, attempt: string): string {
  const chunks = [...world.database.table("log_chunks").values()] as LogChunkRecord[];
  const own = chunks.filter((chunk) => chunk.attempt === attempt).sort((a, b) => a.offset - b.offset);
  return own.map(({ data }) => Buffer.from(data).toString()).join("");
}
