import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CorepoolError } from "@corepool/core/errors";
import { EXIT } from "@corepool/protocol/problems";
import type { JobSpecInput } from "@corepool/protocol/spec";
import type { Command } from "commander";
import { connect, tokenOf } from "../connection.ts";
import type { Context } from "../context.ts";
import { outputFolder } from "../download.ts";
import { inputsOfCommand, namedInputs } from "../inputs.ts";
import { type SpecOptions, specOf } from "../job-options.ts";
import { metricsOf } from "../metrics-file.ts";
import { parseMoney, parseRate } from "../quantities.ts";
import { printResult, resultData } from "../result-block.ts";
import { type JobResult, type JobWish, orderJob, runJob, runMandatedJob, submitJob } from "../run-job.ts";
import { stopOnInterrupt } from "../stop.ts";

const EXAMPLES = `
Examples:
  $ corepool run -- python3 -c "print(6*7)"
  $ corepool run --cpu 1 --input data=./d.csv -- python3 train.py
  $ corepool run --memory 2GiB --time 30m --max-rate 1.5/h --token GP -- ./work.sh
  $ corepool run --detach -- python3 long.py     then: corepool logs wkl_01… --follow

The job runs in /work: inputs lie there read-only; what it writes under /work/outputs
(also in $COREPOOL_OUTPUTS) comes back to ./corepool-outputs/<id>/. Words of the command
that name a file in the current folder are uploaded too.

Exit codes: 0 the job succeeded, 1 it ran and failed, 2 usage, 3 unreachable, 4 refused,
5 money, 6 not found, 7 this machine or the provider's, 70 a fault of ours, 130 interrupted.`;

interface RunOptions extends SpecOptions {
  readonly input: readonly string[];
  readonly maxRate?: string;
  readonly maxPrice?: string;
  readonly token: string;
  readonly requireCgroup?: boolean;
  readonly avoidWeakness: readonly string[];
  readonly outputs?: string;
  readonly detach?: boolean;
  readonly mandate?: string;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** What the options describe. */
export async function wishOf(
  context: Context,
  market: Parameters<typeof tokenOf>[0],
  spec: JobSpecInput,
  options: RunOptions,
): Promise<JobWish> {
  const token = tokenOf(market, options.token);
  const named = await namedInputs(options.input, process.cwd());
  const found = await inputsOfCommand(spec.command, process.cwd(), new Set(named.map((i) => i.path)));
  for (const input of found)
    context.output.line(context.output.dim(`  ${input.path} is in the current folder: it goes along as an input`));
  return {
    token,
    inputs: [...named, ...found],
    maxRate: options.maxRate === undefined ? undefined : parseRate(options.maxRate, token, "--max-rate"),
    maxEscrow: options.maxPrice === undefined ? undefined : parseMoney(options.maxPrice, token, "--max-price"),
    requireCgroup: options.requireCgroup === true,
    avoidWeaknesses: options.avoidWeakness,
    outputs: options.outputs,
    spec,
  };
}

/** Shows how a job ended; returns the exit code that says it. */
export async function showResult(context: Context, result: JobResult): Promise<number> {
  const metrics = await metricsOf(result);
  printResult(context.output, result, metrics);
  context.output.data(resultData(result, metrics));
  if (result.stopped) return EXIT.interrupted;
  return result.workload.state === "succeeded" ? EXIT.ok : EXIT.workloadFailed;
}

/** Starts `corepool watch ID` as a process of its own, so that a job is paid while nobody looks. */
export async function startWatch(context: Context, id: string, url: string): Promise<number> {
  await mkdir(context.home.logs, { recursive: true });
  const log = openSync(join(context.home.logs, `watch-${id}.log`), "a", 0o600);
  const main = await realpath(join(fileURLToPath(import.meta.url), "..", "..", "main.ts"));
  const child = spawn(
    process.execPath,
    [
      main,
      "watch",
      id,
      "--json",
      "--url",
      url,
      ...(context.options.wallet === undefined ? [] : ["--wallet", context.options.wallet]),
      ...(context.options.rpc === undefined ? [] : ["--rpc", context.options.rpc]),
    ],
    {
      detached: true,
      stdio: ["ignore", log, log],
      cwd: context.home.dir,
    },
  );
  child.unref();
  if (child.pid === undefined)
    throw new CorepoolError("setup-failed", {
      detail: "The background watch could not be started.",
      next: `Run it yourself: corepool watch ${id}`,
    });
  return child.pid;
}

/** `corepool run`. */
export function addRun(
  program: Command,
  action: (work: (context: Context) => Promise<number>, command: Command) => Promise<void>,
): void {
  program
    .command("run")
    .description("run a command on a machine of the pool, and pay for it by the second")
    .argument("<command...>", "the command and its words, after --")
    .passThroughOptions()
    .option("--cpu <count>", "CPU cores", "1")
    .option("--memory <size>", "memory", "512MiB")
    .option("--disk <size>", "room for the job's files", "256MiB")
    .option("--gpu <count>", "GPUs")
    .option("--time <duration>", "longest run; the escrow is for this long, what is not used comes back", "10m")
    .option(
      "--input <path=local>",
      "a local file or folder that appears at this path in the job (may be repeated)",
      collect,
      [],
    )
    .option("--env <name=value>", "a variable for the job (may be repeated)", collect, [])
    .option("--needs <software>", "only machines that list this software (may be repeated)", collect, [])
    .option("--name <name>", "a name to find it by")
    .option("--max-rate <rate>", "highest price, like 1.5/h or 0.0004/s")
    .option("--max-price <amount>", "highest escrow")
    .option("--token <symbol>", "what to pay in", "GP")
    .option("--require-cgroup", "refuse machines that cannot limit the whole sandbox")
    .option(
      "--avoid-weakness <name>",
      "refuse machines with this weakness, e.g. CVE-2026-87766; * for any",
      collect,
      [],
    )
    .option("--outputs <folder>", "where outputs go (default: ./corepool-outputs/<id>)")
    .option("--mandate <id>", "let the operator order and pay within a mandate; you may leave (see: corepool mandate)")
    .option("--detach", "leave once it is ordered; a background watch pays for it")
    .addHelpText("after", EXAMPLES)
    .action((words: string[], options: RunOptions, command: Command) =>
      action(async (context) => {
        const spec = specOf(words, options);
        if (options.outputs !== undefined) await outputFolder(options.outputs);
        const connection = await connect(context);
        const wish = await wishOf(context, connection.market, spec, options);
        if (options.mandate !== undefined && options.detach === true) {
          const workload = await submitJob(context, connection, wish, options.mandate);
          context.output.line(`${context.output.good("✓")} ${workload.id} is the operator's to order and pay for`);
          context.output.data({ type: "submitted", workload: workload.id, mandate: options.mandate });
          return EXIT.ok;
        }
        if (options.detach === true) {
          const ordered = await orderJob(context, connection, wish);
          const pid = await startWatch(context, ordered.workload, connection.client.url);
          context.output.line(
            `${context.output.good("✓")} ${ordered.workload} is ordered; process ${pid} watches and pays for it`,
          );
          context.output.line(
            `  corepool logs ${ordered.workload} --follow · corepool outputs ${ordered.workload} · corepool cancel ${ordered.workload}`,
          );
          context.output.data({ type: "ordered", workload: ordered.workload, lease: ordered.lease.lease, watch: pid });
          return EXIT.ok;
        }
        const interrupt = stopOnInterrupt(context.output);
        try {
          const { signal } = interrupt;
          const job =
            options.mandate === undefined
              ? runJob(context, connection, wish, signal)
              : runMandatedJob(context, connection, wish, options.mandate, signal);
          return await showResult(context, await job);
        } finally {
          interrupt.release();
        }
      }, command),
    );
}
