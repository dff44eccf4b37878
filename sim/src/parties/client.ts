import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { hasEnded } from "@corepool/core/transitions";
import { WORKLOAD } from "@corepool/core/workload";
import { termsAreLive } from "@corepool/protocol/market/reads";
import type { Market } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import { type Client, createClient } from "@corepool/sdk/client";
import { followToEnd, submitUnderMandate } from "@corepool/sdk/mandated-run";
import { handMandate, mandateFor, signMandate } from "@corepool/sdk/mandates";
import {
  attendWorkload,
  type Ordered,
  orderWorkload,
  type RunContext,
  type RunEvent,
  type RunRequest,
} from "@corepool/sdk/run";
import type { WatchProgress } from "@corepool/sdk/watch";
import { commandOf, type Script } from "../machine/sandbox.ts";
import { simFetch } from "../net/http.ts";
import { HostTime, type SimProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";
import { RATE } from "./agent.ts";
import { tokenOf } from "./coordinator.ts";
import { type Party, partyOf } from "./keys.ts";
import { chainFor } from "./sending.ts";

/** One job that a client wants run. */
export interface Wish {
  readonly script: Script;
  readonly durationSeconds: number;
  /** Milliseconds after which he wants it stopped. */
  readonly stopAfterMs: number | undefined;
}

/** A job as the client's disk has it. */
export interface Job {
  readonly wish: Wish;
  /** Workloads that the coordinator took for it: their ids were answered to this client. */
  readonly known: string[];
  ordered: Ordered | undefined;
  saved: WatchProgress | undefined;
  /** The workload that the coordinator orders and watches itself. */
  mandated: string | undefined;
  /** The state in which the client saw it end. */
  ended: string | undefined;
}

export interface ClientParty {
  readonly name: string;
  readonly account: Party;
  readonly time: HostTime;
  readonly jobs: readonly Job[];
  process: SimProcess | undefined;
}

export function createClientParty(world: World, index: number): ClientParty {
  const name = `client-${index}`;
  const jobs = world.wishesOf(name).map(
    (wish): Job => ({
      wish,
      known: [],
      ordered: undefined,
      saved: undefined,
      mandated: undefined,
      ended: undefined,
    }),
  );
  return { name, account: partyOf(name), time: new HostTime(), jobs, process: undefined };
}

const AGAIN_MS = 3_000;

/** Runs the client's jobs as its command line does, side by side, from wherever its disk has them. */
export function startClient(world: World, party: ClientParty, process: SimProcess): void {
  const { place, network } = world;
  const hosts = { from: party.name, to: "coordinator" };
  const reach = simFetch(network, process, hosts, () => world.coordinator);
  const client = createClient({
    url: "http://coordinator",
    fetch: world.mutations.http((url, init) => {
      const key = new Headers(init.headers).get("idempotency-key");
      if (key !== null && url.endsWith("/v1/workloads")) world.checks.submitted(key);
      const probed = /\/v1\/leases\/(0x[0-9a-f]{64})\/probes$/i.exec(url)?.[1];
      if (probed !== undefined) world.checks.asks(probed.toLowerCase());
      return reach(url, init);
    }),
    clock: process.clock,
    random: process.random,
    token: tokenOf(party.account.address),
    tryMs: 10_000,
  });
  const { reader } = chainFor(process, place, world.nodesFor(process), world.finality);
  for (const job of party.jobs) {
    if (job.ended === undefined)
      void carry(world, party, process, client, job, (terms) => termsAreLive(reader, place.market, terms));
  }
}

async function carry(
  world: World,
  party: ClientParty,
  process: SimProcess,
  client: Client,
  job: Job,
  isLive: NonNullable<RunContext["isLive"]>,
): Promise<void> {
  await process.clock.sleep(process.random.between(0, 1_000));
  while (job.ended === undefined) {
    try {
      const market = await call(client, getMarket, {});
      await carryOnce(world, party, process, client, market, job, isLive);
    } catch (error) {
      world.note(process, `job of ${party.name}`, error);
      // What the coordinator will never take is not asked for again under the same name.
      if (codeOf(error) === undefined && !(error instanceof CorepoolError)) world.defect(error);
    }
    await process.clock.sleep(AGAIN_MS);
  }
}

async function carryOnce(
  world: World,
  party: ClientParty,
  process: SimProcess,
  client: Client,
  market: Market,
  job: Job,
  isLive: NonNullable<RunContext["isLive"]>,
): Promise<void> {
  const token: Address = world.place.gp;
  const save = (write: () => void): boolean => {
    const fault = world.io.next(process, "job file", true);
    const written = fault !== "fails" && fault !== "dies";
    if (written) write();
    if (fault === "dies" || fault === "dies-after") world.io.kill(process);
    return written;
  };
  // Like the command line, which hands nothing over whose key it could not write down.
  const keep = async (ordered: Ordered): Promise<void> => {
    const written = save(() => {
      job.ordered = ordered;
      job.saved = undefined;
    });
    if (!written) throw new CorepoolError("internal", { detail: "The job's file cannot be written." });
  };
  const on = (event: RunEvent): void => {
    if (event.type === "placed") known(job, event.workload.id);
    // One that cannot be written is written again with the next note.
    if (event.type === "note") save(() => (job.saved = { provenMs: event.provenMs, total: event.total }));
    if (event.type === "note") world.checks.noteSigned(job, event);
  };
  const context: RunContext = { client, market, signer: party.account, isLive, keep, on };
  const request: RunRequest = {
    spec: {
      kind: "job",
      command: commandOf(job.wish.script),
      resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 20 },
      durationSeconds: job.wish.durationSeconds,
    },
    constraints: { token, requireCgroup: false },
    uploads: [],
  };
  const stop = new AbortController();
  if (job.wish.stopAfterMs !== undefined) process.after(job.wish.stopAfterMs, "wants to stop", () => stop.abort());
  if (world.swarm.mandates) {
    job.mandated ??= await submitted(context, party, request);
    const ended = await followToEnd(context, job.mandated, stop.signal);
    // Nobody could take it when its turn came: its client asks again.
    if (ended.state === "failed" && ended.lease === null) job.mandated = undefined;
    else job.ended = ended.state;
    return;
  }
  let { ordered } = job;
  ordered ??= await orderWorkload(context, request);
  const workload = await attendWorkload(context, ordered, {
    stop: stop.signal,
    saved: job.saved,
    logs: world.swarm.followsLogs,
  });
  if (!hasEnded(WORKLOAD, workload.state)) throw new Error(`workload ${workload.id} was left as ${workload.state}`);
  job.ended = workload.state;
}

/** Submits under a mandate of its own; resolves with the workload's id. */
async function submitted(context: RunContext, party: ClientParty, request: RunRequest): Promise<string> {
  const { client, market } = context;
  // Nobody voids anything here, so that the coordinator's word for the counter is the chain's.
  const { counter } = await call(client, getAccount, {});
  const mandate = mandateFor(client, market, party.account.address, counter, {
    token: request.constraints.token,
    maxRate: RATE,
    maxEscrow: RATE * 3_600n,
    maxTotal: RATE * 3_600n,
    providers: [],
    expiry: 4_000_000_000,
  });
  const id = await handMandate(client, await signMandate(market, party.account, mandate, []));
  return (await submitUnderMandate(context, request, id)).id;
}

function known(job: Job, workload: string): void {
  if (!job.known.includes(workload)) job.known.push(workload);
}
