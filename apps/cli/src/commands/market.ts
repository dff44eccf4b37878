import { readdir } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { confirm, isCancel } from "@clack/prompts";
import { CorepoolError } from "@corepool/core/errors";
import { removePostgres } from "@corepool/postgres/cluster";
import { EXIT } from "@corepool/protocol/problems";
import type { Command } from "commander";
import type { Context } from "../context.ts";
import { removeAll } from "../files.ts";
import { forgetHost } from "../market/agent-state.ts";
import { claimHome, isAlive, supervisorOf } from "../market/lock.ts";
import { readMarketFile, removeMarketFile } from "../market/market-file.ts";
import { inWords, type Orphan, orphansOf, stopOrphans } from "../market/orphans.ts";
import type { Action } from "./jobs.ts";

const STOP_PATIENCE_MS = 90_000;

/** `corepool down`: stops the market of this folder and waits until it has. */
export function addDown(program: Command, action: Action): void {
  program
    .command("down")
    .description("stop the market that runs on this machine")
    .addHelpText("after", "\nExamples:\n  $ corepool down")
    .action((_: unknown, command: Command) => action(down, command));
}

async function down(context: Context): Promise<number> {
  const pid = await supervisorOf(context.home);
  if (pid === undefined) {
    const left = await cleared(context);
    if (left.length > 0) {
      context.output.line(`${context.output.good("✓")} stopped what a killed market had left: ${inWords(left)}`);
      context.output.data({ stopped: null, orphans: left });
      return EXIT.ok;
    }
    throw new CorepoolError("not-running", {
      detail: `No market runs in ${context.home.dir}.`,
      next: "Start one with: corepool up",
    });
  }
  process.kill(pid, "SIGTERM");
  const begun = performance.now();
  while (isAlive(pid)) {
    if (performance.now() - begun > STOP_PATIENCE_MS)
      throw new CorepoolError("setup-failed", {
        detail: `Process ${pid} has not stopped within ${STOP_PATIENCE_MS / 1000} s.`,
        next: `Look at ${context.home.logs}; as a last resort: kill -9 ${pid}`,
      });
    await wait(50);
  }
  context.output.line(
    `${context.output.good("✓")} stopped; chain, database and balances are kept in ${context.home.dir}`,
  );
  context.output.data({ stopped: pid });
  return EXIT.ok;
}

/** Stops what a killed market of this folder has left, and forgets it. */
async function cleared({ home }: Context): Promise<readonly Orphan[]> {
  const release = await claimHome(home);
  try {
    const left = await stopOrphans(home);
    await removeMarketFile(home);
    return left;
  } finally {
    await release();
  }
}

/** `corepool reset`: deletes the market of this folder, wallet included. */
export function addReset(program: Command, action: Action): void {
  program
    .command("reset")
    .description("delete the local market: chain, database, blobs, keys and wallet")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExamples:\n  $ corepool reset\n  $ corepool reset --yes")
    .action((options: { readonly yes?: boolean }, command: Command) =>
      action((context) => reset(context, options.yes === true), command),
    );
}

async function reset(context: Context, sure: boolean): Promise<number> {
  const { home, output } = context;
  const pid = await supervisorOf(home);
  if (pid !== undefined)
    throw new CorepoolError("already-running", {
      detail: `Process ${pid} runs the market in ${home.dir}.`,
      next: "Stop it first with: corepool down",
    });
  if (!sure) {
    if (!output.interactive)
      throw new CorepoolError("bad-usage", {
        detail: `This deletes ${home.dir} with its chain, balances and wallet.`,
        next: "Say that you mean it with --yes.",
      });
    const answer = await confirm({
      message: `Delete ${home.dir} with its chain, balances and wallet?`,
      initialValue: false,
    });
    if (isCancel(answer) || !answer) throw new CorepoolError("interrupted", { detail: "Nothing was deleted." });
  }
  // Deleting a folder under a process that still writes to it would leave both broken.
  const left = await cleared(context);
  if (left.length > 0) output.line(`${output.good("✓")} stopped what a killed market had left: ${inWords(left)}`);
  await forgetHost(home.agent);
  await removePostgres(home.database);
  for (const path of [
    home.chain,
    home.deployment,
    home.knownMarkets,
    home.blobs,
    home.agent,
    home.keys,
    home.jobs,
    home.mandates,
    home.lastBackup,
    home.logs,
    home.market,
    home.lock,
  ])
    await removeAll(path);
  const kept = (await readdir(home.dir).catch((): string[] => [])).sort((a, b) => (a < b ? -1 : 1));
  const rest = kept.length === 0 ? "is empty" : `has nothing of the market any more (still there: ${kept.join(", ")})`;
  output.line(`${output.good("✓")} ${home.dir} ${rest}; the next corepool up begins a new market`);
  output.data({ removed: home.dir, kept, orphans: left });
  return EXIT.ok;
}

/** `corepool status`: what runs here. */
export function addStatus(program: Command, action: Action): void {
  program
    .command("status")
    .description("say what runs on this machine")
    .action((_: unknown, command: Command) =>
      action(async (context) => {
        const supervisor = await supervisorOf(context.home);
        const left = supervisor === undefined ? await orphansOf(context.home) : [];
        if (left.length > 0)
          throw new CorepoolError("not-running", {
            detail: `The market in ${context.home.dir} was killed and has left running: ${inWords(left)}.`,
            next: "Start it again with: corepool up, or stop what is left with: corepool down",
            data: { orphans: left },
          });
        const market = supervisor === undefined ? undefined : await readMarketFile(context.home);
        if (market === undefined)
          throw new CorepoolError("not-running", {
            detail: `No market runs in ${context.home.dir}.`,
            next: "Start one with: corepool up",
          });
        context.output.line(`coordinator ${market.url} · chain ${market.rpcUrl} · since ${market.startedAt}`);
        context.output.line(`metrics ${market.metricsUrl}/metrics`);
        for (const [name, pid] of Object.entries(market.parts))
          context.output.line(`  ${name.padEnd(12)} process ${pid}`);
        context.output.data(market);
        return EXIT.ok;
      }, command),
    );
}
