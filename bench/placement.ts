import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Demand } from "@corepool/core/placement/demand";
import { seeded } from "@corepool/core/placement/mix";
import { Pool } from "@corepool/core/placement/pool";
import { simulate } from "@corepool/core/placement/simulate";
import { arrivals, capacityOf, parseTrace, type Trace } from "@corepool/core/placement/trace";
import { bestFit } from "./support/best-fit.ts";
import { percentile, ROOT } from "./support/up.ts";

type Print = (name: string, value: string | number, unit: string) => void;

const DATA = join(ROOT, "bench/data/openb");
export const WORKLOADS = ["default", "gpushare40", "multigpu20", "cpu100"] as const;
const SEEDS = 10;
/** Percent of GPUs, as its authors published them: mean of ten seeds at 130 % load; cited, not measured here. */
export const CITED = {
  default: { bestfit: 93.08, fgd: 95.39 },
  gpushare40: { bestfit: 91.69, fgd: 94.15 },
  multigpu20: { bestfit: 93.93, fgd: 95.65 },
  cpu100: { bestfit: 93.44, fgd: 95.35 },
} as const;

const NODES = join(DATA, "nodes.csv");
const podsOf = (workload: string): string => join(DATA, `pods-${workload}.csv`);
const read = (file: string): string => readFileSync(file, "utf8");

/** The trace with one of its lists of workloads. */
export const traceOf = (workload: (typeof WORKLOADS)[number]): Trace => parseTrace(read(NODES), read(podsOf(workload)));

/**
 * `bench placement`: how much of a cluster's GPUs is given out, as a percentage, when in all 130 % of them have been
 * asked for, mean of `--seeds` (10) orders of arrival; BestFit beside it on the same arrivals, and what the trace's
 * authors published for it and for FGD. `--nodes FILE --pods FILE` take another trace of the same form.
 */
export async function run(print: Print): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(process.argv.indexOf("placement") + 1),
    options: { nodes: { type: "string" }, pods: { type: "string" }, seeds: { type: "string" } },
  });
  const seeds = Number(values.seeds ?? SEEDS);
  if (!Number.isSafeInteger(seeds) || seeds < 1 || seeds > 1_000)
    throw new Error("--seeds takes a number of 1 to 1000");
  const files = values.pods === undefined ? WORKLOADS : [values.pods];
  for (const file of files) {
    const named = WORKLOADS.find((each) => each === file);
    const trace =
      named === undefined || values.nodes !== undefined
        ? parseTrace(read(values.nodes ?? NODES), read(named === undefined ? file : podsOf(named)))
        : traceOf(named);
    const share = (milli: number): number => (100 * milli) / capacityOf(trace) / seeds;
    const times: number[] = [];
    let [ours, theirs] = [0, 0];
    for (let seed = 1; seed <= seeds; seed++) {
      const demands = arrivals(trace, seed);
      const played = simulate(trace, demands, { seed }, () => performance.now());
      ours += played.allocation / seeds;
      for (const time of played.times) times.push(time);
      theirs += share(bestFit(trace, demands));
    }
    const of = named === undefined ? "" : `.${named}`;
    print(`allocation.corepool${of}`, ours.toFixed(2), "%");
    print(`allocation.bestfit${of}`, theirs.toFixed(2), "%");
    if (named !== undefined) {
      print(`cited.allocation.bestfit${of}`, CITED[named].bestfit.toFixed(2), "%");
      print(`cited.allocation.fgd${of}`, CITED[named].fgd.toFixed(2), "%");
    }
    print(`decisions_per_s${of}`, rate(times), "decisions/s");
    print(`decision.p99${of}`, percentile(times, 0.99).toFixed(3), "ms");
  }
  if (values.pods === undefined) scale(print);
  print("placement.heap", Math.round(process.memoryUsage().heapUsed / 2 ** 20), "MiB");
}

/** Machines of a large pool, each with eight GPUs, and how many demands come to it. */
const LARGE = [
  { machines: 10_000, demands: 30_000 },
  { machines: 100_000, demands: 5_000 },
] as const;
const EXPLAINED = 100;

/** Decisions and explanations where there are many more machines than in the trace, most of them free. */
function scale(print: Print): void {
  const { demands } = traceOf("default");
  const device = { model: "G2", memoryMib: 0, shareable: true, group: -1 };
  const eight = Array.from({ length: 8 }, () => device);
  for (const { machines, demands: count } of LARGE) {
    const pool = new Pool();
    for (let i = 0; i < machines; i++) {
      // No two of one price, so that none is like another.
      const price = { perGpu: 10n ** 14n + BigInt(i) * 10n ** 9n, perCpu: 0n };
      const capacity = { cpuMilli: 96_000, memoryMib: 393_216, diskMib: 0, devices: eight };
      pool.add({ id: String(i), capacity, price, reputation: 1, since: 0 });
    }
    const random = seeded(1);
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const demand = demands[Math.floor(random() * demands.length)] as Demand;
      const begun = performance.now();
      pool.place({ id: String(i), demand }, 0);
      times.push(performance.now() - begun);
    }
    print(`decisions_per_s.${machines}_machines`, rate(times), "decisions/s");
    print(`decision.p99.${machines}_machines`, percentile(times, 0.99).toFixed(3), "ms");
    if (machines > LARGE[0].machines) continue;
    const refused = { cpuMilli: 200_000, memoryMib: 1_024, diskMib: 0, gpus: 8, gpuMilli: 1_000, models: ["G3"] };
    const explained = Array.from({ length: EXPLAINED }, () => {
      const begun = performance.now();
      pool.explain({ demand: refused });
      return performance.now() - begun;
    });
    print(`explain.p99.${machines}_machines`, percentile(explained, 0.99).toFixed(1), "ms");
  }
}

const rate = (times: readonly number[]): number =>
  Math.round((1_000 * times.length) / times.reduce((sum, time) => sum + time, 0));
