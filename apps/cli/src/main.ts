import { readFileSync } from "node:fs";
import { EXIT } from "@corepool/protocol/problems";
import { Command, CommanderError } from "commander";
import type { Action } from "./commands/jobs.ts";
import { type Context, contextOf } from "./context.ts";
import { aboutApiKey, reportFailure } from "./failure.ts";
import { createOutput } from "./output.ts";

const HELP = `
Exit codes: 0 ok, 1 the job ran and failed, 2 usage, 3 unreachable, 4 refused, 5 money,
6 not found, 7 a machine lacks something, 70 a fault of ours, 130 interrupted.

Environment: COREPOOL_HOME (data folder), COREPOOL_URL (coordinator), COREPOOL_RPC_URL,
COREPOOL_KEY_FILE (wallet), COREPOOL_API_KEY, NO_COLOR.

Examples:
  $ corepool up
  $ corepool run -- python3 -c "print(6*7)"
  $ corepool run --cpu 1 --input data=./d.csv -- python3 train.py
  $ corepool jobs --json`;

const action: Action = async (work, command) => {
  const context: Context = contextOf(command);
  try {
    process.exitCode = await work(context);
  } catch (error) {
    process.exitCode = reportFailure(aboutApiKey(error, context.env), context.output, process.stderr);
  } finally {
    context.output.status(undefined);
  }
};

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
};

const program = new Command("corepool")
  .description("An open market for AI compute: rent machines by the second, offer your own, check every payment.")
  .version(version)
  .option("--json", "results as JSON on stdout, errors as JSON on stderr")
  .option("--url <url>", "the coordinator (default: the market of this machine)")
  .option("--rpc <url>", "your own RPC endpoint of the chain")
  .option("--wallet <file>", "the wallet's key file")
  .addHelpText("after", HELP)
  .exitOverride()
  .showHelpAfterError("(corepool help shows what can be said)")
  .enablePositionalOptions();

/** What each command is defined by. Only the command that was asked for is loaded: the rest would double the start. */
const market = () => import("./commands/market.ts");
const jobs = () => import("./commands/jobs.ts");
const wallet = () => import("./commands/wallet.ts");
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command, action: Action) => void>>> = {
  up: async () => (await import("./commands/up.ts")).addUp,
  down: async () => (await market()).addDown,
  reset: async () => (await market()).addReset,
  status: async () => (await market()).addStatus,
  backup: async () => (await import("./commands/backup.ts")).addBackup,
  restore: async () => (await import("./commands/backup.ts")).addRestore,
  doctor: async () => (await import("./commands/doctor.ts")).addDoctor,
  run: async () => (await import("./commands/run.ts")).addRun,
  jobs: async () => (await jobs()).addJobs,
  logs: async () => (await import("./commands/logs.ts")).addLogs,
  outputs: async () => (await jobs()).addOutputs,
  receipt: async () => (await jobs()).addReceipt,
  cancel: async () => (await jobs()).addCancel,
  watch: async () => (await jobs()).addWatch,
  wallet: async () => (await wallet()).addWallet,
  lease: async () => (await wallet()).addLease,
  offers: async () => (await import("./commands/offers.ts")).addOffers,
  mandate: async () => (await import("./commands/mandates.ts")).addMandate,
  simulate: async () => (await import("./commands/simulate.ts")).addSimulate,
  keys: async () => (await import("./commands/keys.ts")).addKeys,
};

const asked = process.argv.slice(2).find((word) => !word.startsWith("-"));
const wanted = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS);
for (const name of wanted) (await COMMANDS[name]?.())?.(program, action);
const inherit = (command: Command): void => {
  for (const sub of command.commands) {
    sub.exitOverride().copyInheritedSettings(command);
    // Global options may stand behind the command too.
    sub.option("--json").option("--url <url>").option("--rpc <url>").option("--wallet <file>");
    for (const option of sub.options)
      if (["--json", "--url", "--rpc", "--wallet"].includes(option.long ?? "")) option.hideHelp();
    inherit(sub);
  }
};
inherit(program);

// A reader that goes away (head, less) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? EXIT.ok : EXIT.internal),
);

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else
    process.exitCode = reportFailure(
      error,
      createOutput({
        json: process.argv.includes("--json"),
        stdout: process.stdout,
        stderr: process.stderr,
        env: process.env,
      }),
      process.stderr,
    );
}
