import { setTimeout as wait } from "node:timers/promises";
import { market as marketSchema } from "@corepool/protocol/resources";
import { cancelWorkload } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { clear, newPlace, startMarket } from "../market.ts";
import { untilOnline } from "../online.ts";
import { leftBehind, runningNow } from "./census.ts";
import { verdict } from "./checks.ts";
import { fundedClients } from "./clients.ts";
import { type Dice, diceOf } from "./dice.ts";
import { startCrew } from "./jobs.ts";
import { forgetProvider, type Provider, startProvider } from "./provider.ts";
import { kill, PARTS, type Part, type Victim, victimsOf } from "./victims.ts";

export interface ChaosOptions {
  readonly seed: number;
  /** How many kills; two at once count as two. */
  readonly kills: number;
  /** How many of the strikes kill two at once. */
  readonly doubles: number;
  /** Jobs that run at the same time. */
  readonly jobsAtOnce: number;
  /** Jobs that each of them runs one after another; without: for as long as the killing goes on. */
  readonly jobsEach?: number;
  /** How long a job runs, in quarters of a second. */
  readonly beats: { readonly least: number; readonly most: number };
  readonly tell?: (line: string) => void;
}

export interface ChaosReport {
  readonly seed: number;
  /** What must not be, one line each. */
  readonly wrong: readonly string[];
  readonly kills: Readonly<Record<Part, number>>;
  readonly doubles: number;
  readonly jobs: number;
  readonly succeeded: number;
  /** Jobs that ended otherwise, by reason; orders that were refused, by code. */
  readonly otherwise: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  /** Most jobs that ran at the same moment. */
  readonly mostAtOnce: number;
  /** Milliseconds from the kill until it worked again. */
  readonly recovery: Readonly<Record<Part, readonly number[]>>;
}

/** A provider offers a unit per core, and the sandboxes of these jobs sleep: two each, so that every machine has as many. */
const UNITS_EACH = 2;
const INTERVAL_SECONDS = 2;
const CENSUS_MS = 100;
const LONGEST_PAUSE_MS = 1_500;
const START_PATIENCE_MS = 60_000;

/** What is killed, strike by strike: every part equally often, in an order that the dice draw, `doubles` times two at once. */
export function strikesOf(kills: number, doubles: number, dice: Dice): (readonly Part[])[] {
  const deck = Array.from({ length: kills - 2 * doubles }, (_, i) => [PARTS[i % PARTS.length] ?? "agent"]);
  const strikes: (readonly Part[])[] = [
    ...deck,
    ...Array.from({ length: doubles }, () => {
      const first = dice.pick(PARTS);
      // Two agents are two providers' machines; of the other parts there is one.
      return [first, dice.pick(PARTS.filter((part) => part === "agent" || part !== first))];
    }),
  ];
  for (let i = strikes.length - 1; i > 0; i--) {
    const j = dice.upTo(i + 1);
    [strikes[i], strikes[j]] = [strikes[j] ?? [], strikes[i] ?? []];
  }
  return strikes;
}

/**
 * Runs a market with as many jobs at once as asked for, kills its parts at random moments, lets it come to rest and says
 * what is wrong. Everything it made is deleted again.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, tell = () => undefined } = options;
  const dice = diceOf(seed);
  const prefix = `chaos-${process.pid}-${seed}`;
  const env = {
    COREPOOL_UNITS: String(UNITS_EACH),
    COREPOOL_INTERVAL: String(INTERVAL_SECONDS),
    COREPOOL_HOLD: "60",
    COREPOOL_WRITES_PER_MINUTE: "1000000",
    COREPOOL_READS_PER_MINUTE: "1000000",
    COREPOOL_MATCHES_PER_MINUTE: "1000000",
    COREPOOL_STREAMS_PER_MINUTE: "1000000",
  };
  const place = await newPlace(env);
  const providers: Provider[] = [];
  const wrong: string[] = [];
  const kills: Record<Part, number> = { agent: 0, coordinator: 0, database: 0, chain: 0 };
  const recovery: Record<Part, number[]> = { agent: [], coordinator: [], database: [], chain: [] };
  /** When, in seconds since the epoch. */
  const agentKills: number[] = [];
  let counting = true;
  try {
    const market = await startMarket(place, "--slots", String(UNITS_EACH));
    const { url, rpcUrl } = await market.file();
    const rules = marketSchema.parse(await (await fetch(`${url}/v1/market`)).json());
    for (let i = 1; i * UNITS_EACH < options.jobsAtOnce; i++) {
      const name = `provider-${i}`;
      const at = { name, home: place.home, market: rules, url, rpcUrl };
      providers.push(await startProvider({ ...at, slots: UNITS_EACH, env }));
    }
    const clients = await fundedClients({ home: place.home, url, rpcUrl }, rules, options.jobsAtOnce);
    const [first] = clients;
    if (first === undefined) throw new RangeError("chaos needs a job");
    await untilOnline(first.context.client, providers.length + 1);
    // What was paid in is in the chain's file by now; a node that comes back older has it.
    await wait(1_500);

    const crew = startCrew({
      clients,
      prefix,
      dice: dice.fork(),
      beats: options.beats,
      ...(options.jobsEach === undefined ? {} : { each: options.jobsEach }),
    });
    let mostAtOnce = 0;
    const census = (async () => {
      for (; counting; await wait(CENSUS_MS)) {
        const running = await runningNow(prefix);
        mostAtOnce = Math.max(mostAtOnce, running.size);
        for (const [mark, times] of running) if (times > 1) wrong.push(`${mark} runs ${times} times at once`);
      }
    })();
    for (const begun = performance.now(); crew.running() < options.jobsAtOnce; await wait(20)) {
      if (performance.now() - begun < START_PATIENCE_MS) continue;
      wrong.push(`only ${crew.running()} of ${options.jobsAtOnce} jobs ran before anything was killed`);
      break;
    }

    const victims = victimsOf(market, providers, dice.fork());
    const down = new Set<Victim>();
    const recoveries: Promise<void>[] = [];
    /** One of the part that works; waits for it while none does. */
    const choose = async (part: Part): Promise<Victim> => {
      for (;;) {
        const up = victims.filter((v) => v.part === part && !down.has(v));
        if (up.length > 0) {
          const victim = dice.pick(up);
          down.add(victim);
          return victim;
        }
        await wait(10);
      }
    };
    for (const strike of strikesOf(options.kills, options.doubles, dice)) {
      await wait(dice.upTo(LONGEST_PAUSE_MS));
      const chosen: Victim[] = [];
      for (const part of strike) chosen.push(await choose(part));
      tell(`killing ${chosen.map((v) => v.name).join(" and ")} (${crew.running()} jobs run)`);
      for (const { recovered, victim } of await Promise.all(
        chosen.map(async (each) => ({ victim: each, recovered: (await kill(each)).recovered })),
      )) {
        kills[victim.part]++;
        if (victim.part === "agent") agentKills.push(Date.now() / 1_000);
        const done = recovered
          .then((ms) => void recovery[victim.part].push(ms))
          .catch((error: unknown) => void wrong.push(error instanceof Error ? error.message : String(error)))
          .finally(() => down.delete(victim));
        recoveries.push(done);
      }
    }
    await Promise.all(recoveries);
    await crew.finish();
    // What was accepted and then left by its client before it ordered: the client says that he wants it no more.
    for (const job of crew.jobs.filter((j) => j.ended === undefined))
      await call(job.client.context.client, cancelWorkload, { params: { id: job.workload } }).catch(() => undefined);
    for (const late = Date.now() + 1_000; (await runningNow(prefix)).size > 0; await wait(50)) {
      if (Date.now() > late) {
        wrong.push(`still running: ${[...(await runningNow(prefix)).keys()].join(", ")}`);
        break;
      }
    }
    wrong.push(...(await verdict(market, crew.jobs, agentKills)));
    counting = false;
    await census;

    await Promise.all(providers.map((p) => p.stop()));
    const code = await market.stop();
    if (code !== 0) wrong.push(`the market did not stop in order: code ${code}, ${market.up.stderr().slice(-500)}`);
    for (const state of [`${place.home}/agent`, ...providers.map((p) => p.state)])
      wrong.push(...(await leftBehind(state, prefix)).map((line) => `left behind: ${line}`));

    const otherwise: Record<string, number> = {};
    for (const { ended, failure } of crew.jobs) {
      if (ended?.state === "succeeded") continue;
      const why = ended === undefined ? `not ordered: ${failure}` : (ended.reason ?? ended.state);
      otherwise[why] = (otherwise[why] ?? 0) + 1;
    }
    return {
      seed,
      wrong,
      kills,
      doubles: options.doubles,
      jobs: crew.jobs.length,
      succeeded: crew.jobs.filter((j) => j.ended?.state === "succeeded").length,
      otherwise,
      refused: Object.fromEntries(crew.refused),
      mostAtOnce,
      recovery,
    };
  } finally {
    counting = false;
    await Promise.all(providers.map((p) => p.stop()));
    // A sandbox that lives on after a failed run keeps its mount: that failure is what is told.
    for (const provider of providers)
      await forgetProvider(provider.state).catch((error: unknown) => tell(`not cleared: ${String(error)}`));
    if (process.env.COREPOOL_CHAOS_KEEP === undefined) await clear(place);
    else tell(`kept: ${place.home}`);
  }
}
