import { readFileSync } from "node:fs";
import { EXIT } from "@corepool/protocol/problems";
import { Command, CommanderError } from "commander";
import { addDoctor } from "./commands/doctor.ts";
import { type Action, addCancel, addJobs, addLogs, addOutputs, addReceipt, addWatch } from "./commands/jobs.ts";
import { addKeys } from "./commands/keys.ts";
import { addDown, addReset, addStatus } from "./commands/market.ts";
import { addOffers } from "./commands/offers.ts";
import { addRun } from "./commands/run.ts";
import { addUp } from "./commands/up.ts";
import { addLease, addWallet } from "./commands/wallet.ts";
import { type Context, contextOf } from "./context.ts";
import { reportFailure } from "./failure.ts";
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
    process.exitCode = reportFailure(error, context.output, process.stderr);
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

for (const add of [
  addUp,
  addDown,
  addReset,
  addStatus,
  addDoctor,
  addRun,
  addJobs,
  addLogs,
  addOutputs,
  addReceipt,
  addCancel,
  addWatch,
  addWallet,
  addLease,
  addOffers,
  addKeys,
])
  add(program, action);
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
      createOutput({ json: process.argv.includes("--json"), stdout: process.stdout, env: process.env }),
      process.stderr,
    );
}
