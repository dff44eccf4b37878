import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { formatBytes } from "@corepool/core/bytes";
import { CorepoolError } from "@corepool/core/errors";
import { formatAmount } from "@corepool/core/money";
import { EXIT } from "@corepool/protocol/problems";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getNetwork, listOffers } from "@corepool/protocol/routes/market";
import { systemFetch } from "@corepool/sdk/adapters/system";
import { call } from "@corepool/sdk/call";
import { createClient } from "@corepool/sdk/client";
import type { Command } from "commander";
import { connect } from "../connection.ts";
import type { Context } from "../context.ts";
import { exampleNamed, exampleWish } from "../example.ts";
import { reportFailure } from "../failure.ts";
import { type MarketOptions, type RunningMarket, startMarket } from "../market/market.ts";
import { DEFAULT_PORTS, type Ports } from "../market/ports.ts";
import { parseCount } from "../quantities.ts";
import { runJob } from "../run-job.ts";
import type { Action } from "./jobs.ts";
import { showResult } from "./run.ts";

const OFFER_PATIENCE_MS = 60_000;

interface UpOptions {
  readonly port?: string;
  readonly chainPort?: string;
  readonly databasePort?: string;
  readonly metricsPort?: string;
  readonly slots: string;
  readonly agent: boolean;
  readonly agentUrl?: string;
  readonly example?: string;
  readonly once?: boolean;
}

function portsOf(options: UpOptions): Ports {
  const port = (text: string | undefined, standard: number, flag: string): number => {
    if (text === undefined) return standard;
    const value = parseCount(text, flag);
    if (value > 65_535)
      throw new CorepoolError("bad-usage", {
        detail: `${flag} ${text} is not a port.`,
        next: "Ports go from 1 to 65535.",
      });
    return value;
  };
  return {
    api: port(options.port, DEFAULT_PORTS.api, "--port"),
    chain: port(options.chainPort, DEFAULT_PORTS.chain, "--chain-port"),
    database: port(options.databasePort, DEFAULT_PORTS.database, "--database-port"),
    metrics: port(options.metricsPort, DEFAULT_PORTS.metrics, "--metrics-port"),
  };
}

/** Waits until the agent's offers are open, so that "up" means that a job can run. */
async function firstOffer(context: Context): Promise<string> {
  const { client } = await connect(context, { anonymous: true });
  const begun = performance.now();
  for (;;) {
    const page = await call(client, listOffers, {});
    const online = page.data.filter((o) => o.online);
    const whole = online.toSorted((a, b) => b.signed.spec.resources.cpus - a.signed.spec.resources.cpus)[0];
    if (whole !== undefined) {
      const { resources } = whole.signed.spec;
      return `${new Set(online.map((o) => o.machine)).size} machine, ${online.length} offers, up to ${resources.cpus} CPU and ${formatBytes(resources.memoryBytes)}`;
    }
    if (performance.now() - begun > OFFER_PATIENCE_MS)
      throw new CorepoolError("setup-failed", {
        detail: "The agent of this machine has made no offer.",
        next: `Read ${join(context.home.logs, "agent.log")}.`,
      });
    await context.clock.sleep(100);
  }
}

async function describe(context: Context, market: RunningMarket, options: MarketOptions): Promise<void> {
  const { output } = context;
  const mark = output.good("✓");
  output.line(
    `${mark} chain        ${market.rpcUrl}  ${market.fresh ? "new" : "resumed"}, ${market.contracts} contracts`,
  );
  output.line(`${mark} coordinator  ${market.url}`);
  if (market.consoleBuilt) output.line(`${mark} console      ${market.consoleUrl}`);
  else output.line("! console      not built yet; run: npm run build -w apps/console");
  const provider = options.agent ? await firstOffer(context) : undefined;
  if (provider !== undefined) output.line(`${mark} provider     ${provider}`);
  const { client } = await connect(context);
  const account = await call(client, getAccount, {});
  const sums = account.balances.map(
    (b) => `${formatAmount(BigInt(b.cash) + BigInt(b.wallet) + BigInt(b.escrowed), b)} ${b.symbol}`,
  );
  output.line(`${mark} wallet       ${account.address}  ${sums.join(", ")} (play money)`);
  output.event("ready", {
    url: market.url,
    consoleUrl: market.consoleUrl,
    rpcUrl: market.rpcUrl,
    fresh: market.fresh,
    account,
  });
}

/** The example, by the same code as `corepool run`. A failure is told and leaves the market up. */
async function runExample(context: Context, name: string, stop: AbortSignal): Promise<number> {
  context.output.line();
  context.output.line(context.output.bold(`examples/${name}`));
  const connection = await connect(context);
  const wish = await exampleWish(context, connection.market, name);
  return showResult(context, await runJob(context, connection, wish, stop));
}

function untilStopped(): { readonly signal: AbortSignal; readonly stopped: Promise<void> } {
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort());
  return { signal: stop.signal, stopped };
}

async function up(context: Context, given: UpOptions): Promise<number> {
  const { output, home } = context;
  if (given.example !== undefined) await exampleNamed(given.example);
  const options: MarketOptions = {
    ports: portsOf(given),
    agent: given.agent,
    slots: parseCount(given.slots, "--slots"),
    agentUrl: given.agentUrl,
  };
  const logFile = join(home.logs, "up.log");
  const tell = (part: string, what: string): void => {
    mkdirSync(home.logs, { recursive: true });
    appendFileSync(logFile, `${new Date().toISOString()} ${part}: ${what}\n`);
    output.line(`! ${part}: ${what}`);
    output.event("part", { part, what });
  };
  const { signal, stopped } = untilStopped();
  output.status("starting chain, database and coordinator");
  const market = await startMarket(context, options, tell);
  let code: number = EXIT.ok;
  try {
    output.status("waiting for the first offer");
    await Promise.race([describe(context, market, options), stopped]);
    if (given.example !== undefined && !signal.aborted) {
      // A failed example is told; the market stays up so that it can be looked into.
      code = await runExample(context, given.example, signal).catch((error: unknown) =>
        reportFailure(error, output, process.stderr),
      );
    }
    output.status(undefined);
    if (given.once !== true && !signal.aborted) {
      output.line();
      output.line("The market stays up. Try, in another terminal:");
      output.line('  npx corepool run -- python3 -c "print(6*7)"');
      output.line("  npx corepool jobs · npx corepool wallet · npx corepool offers · npx corepool doctor");
      output.line(output.dim(`Logs are in ${home.logs}. Ctrl-C stops everything in order; the next start resumes it.`));
      await stopped;
    }
  } finally {
    output.line();
    const left = await runningNow(context, market).catch(() => 0);
    if (left > 0)
      output.line(
        `! ${left === 1 ? "1 job goes" : `${left} jobs go`} on in ${left === 1 ? "its sandbox" : "their sandboxes"}, unpaid until the next start takes ${left === 1 ? "it" : "them"} up again; to end jobs first: npx corepool jobs, npx corepool cancel ID`,
      );
    await market.stop((what) => output.line(`stopping ${what}`));
    output.line(`${output.good("✓")} stopped; chain, database and balances are kept in ${home.dir}`);
    output.event("stopped", { home: home.dir });
  }
  return code;
}

/** Workloads that the market's machines serve now. */
async function runningNow({ clock, random }: Context, market: RunningMarket): Promise<number> {
  const client = createClient({ url: market.url, fetch: systemFetch, clock, random, patienceMs: 0, tryMs: 2_000 });
  return (await call(client, getNetwork, {})).demand.live;
}

/** `corepool up`: the whole market on this machine, until Ctrl-C. */
export function addUp(program: Command, action: Action): void {
  program
    .command("up")
    .description("start a whole market on this machine: chain, contracts, database, coordinator, one provider")
    .option("--port <port>", `the coordinator's port (default: ${DEFAULT_PORTS.api})`)
    .option("--chain-port <port>", `the chain's port (default: ${DEFAULT_PORTS.chain})`)
    .option("--database-port <port>", `the database's port (default: ${DEFAULT_PORTS.database})`)
    .option("--metrics-port <port>", `the metrics' port (default: ${DEFAULT_PORTS.metrics})`)
    .option("--slots <count>", "how many workloads the agent may take at once", "4")
    .option("--no-agent", "without a provider on this machine")
    .option("--agent-url <url>", "where the agent reaches the coordinator, when not directly")
    .option("--example <name>", "run examples/<name> once the market is up")
    .option("--once", "stop after the example instead of staying up")
    .addHelpText(
      "after",
      "\nEverything is kept in COREPOOL_HOME (default ~/.corepool); a second start resumes it.\n\nExamples:\n  $ corepool up\n  $ corepool up --example digits\n  $ COREPOOL_HOME=/tmp/market corepool up --port 18080 --chain-port 18545",
    )
    .action((options: UpOptions, command: Command) => action((context) => up(context, options), command));
}
