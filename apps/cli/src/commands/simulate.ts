import { readFile } from "node:fs/promises";
import { CorepoolError } from "@corepool/core/errors";
import { WEIGHTS, type Weights } from "@corepool/core/placement/order";
import { POOL } from "@corepool/core/placement/pool";
import { simulate } from "@corepool/core/placement/simulate";
import { arrivals, parseTrace } from "@corepool/core/placement/trace";
import { EXIT } from "@corepool/protocol/problems";
import type { Command } from "commander";
import { table } from "../output.ts";
import { parseCount } from "../quantities.ts";
import type { Action } from "./jobs.ts";

interface Options {
  readonly nodes: string;
  readonly pods: string;
  readonly seeds: string;
  readonly load: string;
  readonly fragmentation?: string;
  readonly candidates: string;
}

const bad = (detail: string, next: string): CorepoolError => new CorepoolError("bad-usage", { detail, next });

async function read(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw bad(
      `${flag} ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
      "Name a file.",
    );
  }
}

/** "1.3" as a number of 0 to `most`. */
export function parseDecimal(text: string, flag: string, most: number): number {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 0 && value <= most))
    throw bad(`${flag} "${text}" is not a number of 0 to ${most}.`, `Write it like ${flag} 1.3.`);
  return value;
}

function weightsOf({ fragmentation }: Options): Weights {
  if (fragmentation === undefined) return WEIGHTS;
  return { ...WEIGHTS, fragmentation: parseDecimal(fragmentation, "--fragmentation", 1_000) };
}

/** `corepool simulate`. */
export function addSimulate(program: Command, action: Action): void {
  program
    .command("simulate")
    .description("try the placement policy on a trace: how much of the GPUs it gives out")
    .requiredOption("--nodes <file>", "machines: CSV with sn, cpu_milli, memory_mib, gpu, model, and perhaps count")
    .requiredOption(
      "--pods <file>",
      "what is asked: CSV with cpu_milli, memory_mib, num_gpu, gpu_milli, perhaps gpu_spec, count",
    )
    .option("--seeds <count>", "so many orders of arrival", "3")
    .option("--load <factor>", "ask for so many times the GPUs that there are", "1.3")
    .option("--fragmentation <weight>", "how much the loss of usable room counts; 0: best fit by size alone")
    .option("--candidates <count>", "how many ways are weighed for each workload", String(POOL.candidates))
    .addHelpText(
      "after",
      "\nExamples:\n  $ corepool simulate --nodes nodes.csv --pods pods.csv\n  $ corepool simulate --nodes nodes.csv --pods pods.csv --seeds 10 --fragmentation 0 --json",
    )
    .action((options: Options, command: Command) =>
      action(async ({ output, clock }) => {
        const seeds = parseCount(options.seeds, "--seeds");
        const load = parseDecimal(options.load, "--load", 100);
        const settings = { weights: weightsOf(options), candidates: parseCount(options.candidates, "--candidates") };
        const trace = parseTrace(await read(options.nodes, "--nodes"), await read(options.pods, "--pods"));
        const runs = [];
        for (let seed = 1; seed <= seeds; seed++) {
          output.status(`order ${seed} of ${seeds}`);
          const demands = arrivals(trace, seed, load);
          const { allocation, placed, refused } = simulate(trace, demands, { ...settings, seed }, () =>
            clock.monotonic(),
          );
          runs.push({ seed, allocation, placed, refused });
        }
        output.status(undefined);
        const mean = runs.reduce((sum, { allocation }) => sum + allocation, 0) / runs.length;
        const rows = runs.map(({ seed, allocation, placed, refused }) => [
          `order ${seed}`,
          `${allocation.toFixed(2)} % of the GPUs`,
          `${placed} placed`,
          `${refused} refused`,
        ]);
        for (const line of table(rows)) output.line(line);
        output.line(`mean ${mean.toFixed(2)} %`);
        output.data({ runs, mean });
        return EXIT.ok;
      }, command),
    );
}
