import { getWorkload } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { isOver } from "@corepool/sdk/follow";
import { receiptOf } from "@corepool/sdk/run";
import { verifyReceipt } from "@corepool/sdk/verify-receipt";
import { books } from "../books.ts";
import type { RunningMarket } from "../market.ts";
import { BEAT_SECONDS, type ChaosJob, livesOf } from "./jobs.ts";

/** Longest time that an agent serves beyond what it knows to be paid for, besides the grace: its meter's look, and slack. */
const UNPAID_SLACK_S = 2;

/** Everything that is wrong with one job, one line each. `agentKills`: when agents were killed, seconds since the epoch. */
async function wrongWith(job: ChaosJob, agentKills: readonly number[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  const say = (what: string): void => void wrong.push(`${job.mark} (${job.workload}): ${what}`);
  const { client } = job.client.context;
  const workload = await call(client, getWorkload, { params: { id: job.workload } });
  if (!isOver(workload)) say(`it has no end: ${workload.state}`);
  if (workload.state !== "succeeded" && workload.reason === null) say(`it ${workload.state} without a reason`);
  if (job.failure !== undefined && workload.attempts.length > 0) say(`its client gave up: ${job.failure}`);

  const lives = [...job.log.values()].flatMap((log) => livesOf(log)).sort((a, b) => a.from - b.from);
  for (const [i, life] of lives.entries()) {
    const next = lives[i + 1];
    if (next !== undefined && next.from <= life.to) say(`two runs at once, ${life.token} and ${next.token}`);
  }
  for (const [attempt, log] of job.log)
    if (livesOf(log).length > 1) say(`the attempt ${attempt} ran its program more than once`);
  const last = livesOf(job.log.get(workload.attempts.at(-1)?.id ?? "") ?? "")[0];
  if (workload.state === "succeeded") {
    const beats = last?.beats ?? [];
    if (beats.length !== job.beats + 1 || beats.some((beat, i) => beat !== i))
      say(
        `its log is not whole: ${beats.length} of ${job.beats + 1} lines, ${beats[0]} to ${beats.at(-1)}, in ${job.log.size} of ${workload.attempts.length} attempts`,
      );
  }

  if (workload.lease?.openTx != null) {
    const receipt = await receiptOf(client, job.workload, { patienceMs: 20_000, burn: true });
    const bill = await verifyReceipt(job.client.chain, receipt, workload.outputs).catch((error: unknown) => {
      say(`its receipt is not the chain's: ${error instanceof Error ? error.message : String(error)}`);
    });
    const ran = lives.reduce((sum, { from, to }) => sum + to - from, 0);
    const { rate, grace } = receipt.terms;
    // What the watch signs at the end is at most the proven time, the grace, and an interval that was begun.
    const most = BigInt(rate) * BigInt(Math.ceil(ran) + grace + 4);
    if (bill !== undefined && bill.total > most)
      say(`${bill.total} were paid for ${ran.toFixed(1)} s at ${rate} a second and ${grace} s of grace`);
    // An agent counts anew from what is paid when it comes back: each restart may cost its provider the grace once more.
    if (workload.state === "succeeded" && bill !== undefined && last !== undefined) {
      const restarts = agentKills.filter((at) => at >= last.from - grace && at <= last.to + grace).length;
      const served = last.beats.length * BEAT_SECONDS;
      const least = served - (1 + restarts) * (grace + UNPAID_SLACK_S);
      if (Number(bill.total) < least * Number(rate))
        say(
          `of ${served} s that were served ${Number(bill.total) / Number(rate)} s were paid, over ${restarts} restarts`,
        );
    }
  }
  return wrong;
}

/** Checks every accepted job and the market's books. Resolves with what is wrong, one line each. */
export async function verdict(
  market: RunningMarket,
  jobs: readonly ChaosJob[],
  agentKills: readonly number[],
): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const job of jobs) {
    wrong.push(
      ...(await wrongWith(job, agentKills).catch((error: unknown) => [
        `${job.mark} (${job.workload}): it cannot be checked: ${error instanceof Error ? error.message : String(error)}`,
      ])),
    );
  }
  const { cash, escrow, fees, tokens, opened, closed } = await books(market);
  if (cash + escrow + fees !== tokens)
    wrong.push(`the books do not add up: cash ${cash} + escrow ${escrow} + fees ${fees} is not ${tokens} tokens`);
  if (escrow !== 0n) wrong.push(`${escrow} are still in escrow`);
  const closings = new Map<string, number>();
  for (const { args } of closed) closings.set(args.lease, (closings.get(args.lease) ?? 0) + 1);
  const openings = new Map<string, number>();
  for (const { args } of opened) openings.set(args.lease, (openings.get(args.lease) ?? 0) + 1);
  for (const [lease, times] of openings) {
    if (times !== 1 || closings.get(lease) !== 1)
      wrong.push(`lease ${lease} was opened ${times} and closed ${closings.get(lease) ?? 0} times`);
  }
  return wrong;
}
