import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Hex } from "@corepool/core/hex";
import { systemClock, systemFetch, systemRandom } from "@corepool/sdk/adapters/system";
import { createClient } from "@corepool/sdk/client";
import pg from "pg";
import { createPublicClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { books } from "./books.ts";
import { childrenOf } from "./chaos/census.ts";
import { type RunningCommand, startCommand } from "./command-line.ts";
import { clear, logOf, newPlace, type RunningMarket, resultOf, startMarket } from "./market.ts";
import { untilOnline } from "./online.ts";
import { startProxy } from "./proxy.ts";
import { startSecondCoordinator } from "./second-coordinator.ts";

/** Seconds between two payment notes here, and until an unpaid workload is frozen. */
export const INTERVAL = 1;
export const GRACE = 2 * INTERVAL;
/** Long enough that a busy machine finds its new coordinator before the workload ends for want of notes. */
const HOLD = 20;

/** Where in a job's life the coordinator stands still. */
export type Moment = "ordered" | "leased" | "running";
export const MOMENTS: readonly Moment[] = ["running", "ordered", "leased"];

const QUIET_LOOKS = 4;
const LOOK_MS = 500;
const QUIET_PATIENCE_MS = 60_000;
const BEATS = 40;
/** How long the one that stood still is looked at after it goes on: each of its loops comes round several times. */
const AFTER_MS = 4_000;

const count = (beats: number): string =>
  `import time\nfor i in range(${beats}):\n    print(i, flush=True)\n    time.sleep(0.25)\n`;
const counted = (beats: number): string => `${Array.from({ length: beats }, (_, i) => i).join("\n")}\n`;

/** A market whose agent reaches its coordinator by a road that can be led elsewhere. */
export interface ZombieMarket {
  readonly market: RunningMarket;
  readonly road: Awaited<ReturnType<typeof startProxy>>;
  readonly end: () => Promise<void>;
}

export async function openZombieMarket(): Promise<ZombieMarket> {
  const place = await newPlace({ COREPOOL_INTERVAL: String(INTERVAL), COREPOOL_HOLD: String(HOLD) });
  const road = await startProxy(place.ports.api);
  const market = await startMarket(place, "--agent-url", `http://127.0.0.1:${road.port}`);
  const end = async (): Promise<void> => {
    market.up.child.kill("SIGTERM");
    await market.up.ended;
    await road.close();
    await clear(place);
  };
  return { market, road, end };
}

/** The database of a market, for one who looks. */
export async function openBooks(market: RunningMarket): Promise<pg.Client> {
  const { home, ports } = market.place;
  const password = (await readFile(join(home, "database", "password"), "utf8")).trim();
  const client = new pg.Client({
    connectionString: `postgresql://corepool:${password}@127.0.0.1:${ports.database}/corepool`,
  });
  await client.connect();
  return client;
}

/** Everything of a workload that may not change any more, as text: its rows, the transactions sent, the relayer's nonce. */
export async function stateOf(market: RunningMarket, client: pg.Client, workload: string): Promise<string> {
  const rows = async (text: string, ...values: readonly string[]) =>
    (await client.query(text, [...values])).rows as unknown[];
  const found = {
    workload: await rows("select * from workloads where id = $1", workload),
    attempts: await rows("select * from attempts where workload = $1 order by id", workload),
    leases: await rows("select * from leases where workload = $1 order by id", workload),
    batches: await rows("select * from lease_batches order by intent"),
    transactions: await rows("select account, intent, state, signed, outcome from chain_transactions order by id"),
    waiting: await rows("select key, message from agent_messages order by seq"),
    accounts: await rows("select kind, key, value from chain_facts where kind in ('account', 'lease') order by key"),
  };
  const key = (await readFile(join(market.place.home, "keys", "relayer"), "utf8")).trim() as Hex;
  const reader = createPublicClient({ transport: http((await market.file()).rpcUrl) });
  const nonce = await reader.getTransactionCount({ address: privateKeyToAccount(key).address, blockTag: "pending" });
  return JSON.stringify({ ...found, nonce }, (_, v: unknown) => (typeof v === "bigint" ? String(v) : v));
}

/**
 * The state once nothing of it changes any more: the fee's burn comes after the job's end, and finality, which what the
 * first had sent reaches under the eyes of the other.
 */
async function quiet(market: RunningMarket, client: pg.Client, workload: string): Promise<string> {
  let before = "";
  for (let same = 0, begun = performance.now(); same < QUIET_LOOKS; await wait(LOOK_MS)) {
    if (performance.now() - begun > QUIET_PATIENCE_MS) throw new Error(`it does not come to rest: ${before}`);
    const now = await stateOf(market, client, workload);
    const { rowCount } = await client.query("select from chain_transactions where state not in ('final', 'failed')");
    same = now === before && rowCount === 0 ? same + 1 : 0;
    before = now;
  }
  return before;
}

/** Where two texts part, for the one who looks for the reason. */
function parting(before: string, after: string): string {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  return `${before.slice(Math.max(0, at - 120), at + 80)}  BECAME  ${after.slice(Math.max(0, at - 120), at + 80)}`;
}

const reached = (job: RunningCommand, moment: Moment): Promise<unknown> =>
  moment === "running"
    ? job.until("third line", () => logOf(job.said).includes("2\n"))
    : job.until(moment, (l) => l.type === "state" && l.state === moment);

/**
 * The market's coordinator stands still at the given moment of a job, and another one, on the same database, chain and
 * key, brings the job to its end. Then the first goes on, with all that it had in its hands. Resolves with what is wrong
 * after that, one line each.
 */
export async function coordinatorStandsStill(
  { market, road }: ZombieMarket,
  seconds: number,
  moment: Moment,
): Promise<{ readonly wrong: readonly string[]; readonly workload: string }> {
  const { place } = market;
  const { parts, rpcUrl } = await market.file();
  const first = parts.coordinator ?? 0;
  const second = await startSecondCoordinator(market);
  const api = await startProxy(place.ports.api);
  const client = await openBooks(market);
  const wrong: string[] = [];
  const require = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  try {
    // A wallet signs in to the market's one address only; a key is good at every door.
    const scopes = ["account:read", "workloads:read", "workloads:write", "leases:write", "blobs:read"];
    const made = await market.command("keys", "create", "door", ...scopes.flatMap((scope) => ["--scope", scope]));
    const env = { ...place.env, COREPOOL_API_KEY: String(made.said[0]?.secret), COREPOOL_RPC_URL: rpcUrl };
    const words = ["run", "--json", "--url", `http://127.0.0.1:${api.port}`, "--time", "2m", "--", "python3", "-c"];
    const job = startCommand([...words, count(BEATS)], { env });
    await reached(job, moment);
    process.kill(first, "SIGSTOP");
    const stoppedAt = Date.now();
    for (const way of [road, api]) way.leadTo(second.port);
    const code = await job.ended;
    require(code === 0, `the job ended with code ${code}: ${job.stderr()}`);
    const { workload, receipt, verified } = resultOf(job.said);
    require(workload.state === "succeeded", `the job ${workload.state}: ${workload.reason}`);
    require(workload.attempts.length === 1, `it took ${workload.attempts.length} attempts`);
    require(logOf(job.said) === counted(BEATS), `its log is not whole: ${logOf(job.said)}`);
    require(verified !== null, "its receipt is not the chain's");
    await wait(Math.max(0, seconds * 1000 - (Date.now() - stoppedAt)));
    const before = await quiet(market, client, workload.id);
    process.kill(first, "SIGCONT");
    await wait(AFTER_MS);
    const after = await stateOf(market, client, workload.id);
    require(after === before, `it changed what had moved on: ${parting(before, after)}`);
    require((await market.file()).parts.coordinator === first, "the coordinator that stood still has died of it");
    const { cash, escrow, fees, tokens, closed, opened } = await books(market);
    require(cash + escrow + fees === tokens, `cash ${cash} + escrow ${escrow} + fees ${fees} is not ${tokens}`);
    require(escrow === 0n, `${escrow} are still in escrow`);
    for (const [what, events] of Object.entries({ closed, opened })) {
      const times = events.filter((e) => e.args.lease === receipt.lease).length;
      require(times === 1, `the lease was ${what} ${times} times`);
    }
    return { wrong, workload: workload.id };
  } finally {
    process.kill(first, "SIGCONT");
    road.leadTo(place.ports.api);
    await client.end();
    await second.stop();
    await api.close();
  }
}

/**
 * All processes of the market's agent stand still for so many seconds under a running job, and go on. Resolves with what
 * is wrong, one line each, and with how far the bill was below what the whole time would have cost.
 */
export async function agentStandsStill(
  { market }: ZombieMarket,
  seconds: number,
): Promise<{ readonly wrong: readonly string[]; readonly total: bigint; readonly whole: bigint }> {
  const wrong: string[] = [];
  const require = (holds: boolean, what: string): void => void (holds || wrong.push(what));
  // It may still be on its way back from the coordinator that stood in for the first.
  const { url } = await market.file();
  await untilOnline(createClient({ url, clock: systemClock, random: systemRandom, fetch: systemFetch }), 1);
  const job = market.start("run", "--time", "5m", "--", "python3", "-c", count(4 * (seconds + 8)));
  await job.until("a few notes", () => job.said.filter((l) => l.type === "note").length >= 3);
  const supervisor = (await market.file()).parts.agent ?? 0;
  const all = [supervisor, ...(await childrenOf(supervisor))];
  for (const pid of all) process.kill(pid, "SIGSTOP");
  const stoppedAt = Date.now();
  await wait(seconds * 1000);
  for (const pid of all) process.kill(pid, "SIGCONT");
  const stoodStill = Math.floor((Date.now() - stoppedAt) / 1000);
  const code = await job.ended;
  const { workload, receipt } = resultOf(job.said);
  // It goes on, or ends for want of notes; never does it run twice.
  require(workload.state === "succeeded" || workload.state === "failed", `the job ${workload.state}`);
  require(code === (workload.state === "succeeded" ? 0 : 1), `the command ended with code ${code}: ${job.stderr()}`);
  require(workload.attempts.length === 1, `it took ${workload.attempts.length} attempts`);
  const { cash, escrow, fees, tokens, closed } = await books(market);
  require(cash + escrow + fees === tokens, `cash ${cash} + escrow ${escrow} + fees ${fees} is not ${tokens}`);
  require(escrow === 0n, `${escrow} are still in escrow`);
  const closings = closed.filter((e) => e.args.lease === receipt.lease);
  require(closings.length === 1, `the lease was closed ${closings.length} times`);
  const reader = createPublicClient({ transport: http((await market.file()).rpcUrl) });
  const { timestamp } = await reader.getBlock({ blockNumber: closings[0]?.blockNumber ?? 0n });
  const lived = Number(timestamp) - receipt.terms.start;
  const total = BigInt(receipt.total);
  const most = BigInt(receipt.terms.rate) * BigInt(lived - stoodStill + INTERVAL + GRACE);
  require(total > 0n, "what it served was not paid");
  require(total <=
    most, `${total} were paid for ${lived} s of which it stood still for ${stoodStill}: at most ${most}`);
  return { wrong, total, whole: BigInt(receipt.terms.rate) * BigInt(lived) };
}
