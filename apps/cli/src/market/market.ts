import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Deployment } from "@corepool/chain/deploy/record";
import type { LocalChainEvent } from "@corepool/chain/local/chain";
import { CorepoolError } from "@corepool/core/errors";
import { startPostgres } from "@corepool/postgres/cluster";
import type { Context } from "../context.ts";
import { ensureKey } from "../wallet-file.ts";
import { forgetHost } from "./agent-state.ts";
import { startChild, tailOf } from "./child.ts";
import { type ReadyChain, startMarketChain } from "./local-chain.ts";
import { claimHome, startOf } from "./lock.ts";
import { removeMarketFile, writeMarketFile } from "./market-file.ts";
import { inWords, stopOrphans } from "./orphans.ts";
import { type RunningPart, type SupervisedPart, supervise } from "./part.ts";
import { checkPorts, type Ports } from "./ports.ts";
import { checkMachine } from "./preflight.ts";

const REPOSITORY = fileURLToPath(new URL("../../../..", import.meta.url));
const CONSOLE = join(REPOSITORY, "apps/console/dist");
const START_PATIENCE_MS = 60_000;
/** How long each part may take to stop in order; after that it is killed. */
const STOP_PATIENCE_MS = 20_000;
/** Settings of the coordinator and the agent that may be given in the environment. */
const PASSED_ON =
  /^COREPOOL_(INTERVAL|HOLD|UNITS|FIRST_UNIT|PRICE|PAY_TO|CACHE_BYTES|LOG_LEVEL|READS_PER_MINUTE|WRITES_PER_MINUTE|MATCHES_PER_MINUTE|STREAMS_PER_MINUTE|AGENT_.*)$/;

export interface MarketOptions {
  readonly ports: Ports;
  /** False: no agent on this machine. */
  readonly agent: boolean;
  /** Units of work the agent may take at once. */
  readonly slots: number;
  /** Where the agent reaches the coordinator, when not directly. */
  readonly agentUrl?: string | undefined;
}

export interface RunningMarket {
  readonly url: string;
  /** Where browsers find the console: a name, since passkeys belong to one. */
  readonly consoleUrl: string;
  /** Whether the console is built. */
  readonly consoleBuilt: boolean;
  readonly rpcUrl: string;
  readonly fresh: boolean;
  readonly contracts: number;
  /** Stops everything in order: agent, coordinator, database, chain. */
  readonly stop: (tell?: (what: string) => void) => Promise<void>;
}

export type Tell = (part: string, what: string) => void;

async function ready(url: string, ended: Promise<string>, log: string, name: string): Promise<void> {
  let over: string | undefined;
  void ended.then((how) => {
    over = how;
  });
  const deadline = performance.now() + START_PATIENCE_MS;
  for (;;) {
    if (over !== undefined)
      throw new CorepoolError("setup-failed", {
        detail: `The ${name} did not start: ${over}. Its last words:\n${await tailOf(log, 6)}`,
        next: `Read ${log}.`,
      });
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    if (performance.now() > deadline)
      throw new CorepoolError("setup-failed", {
        detail: `The ${name} was not ready within ${START_PATIENCE_MS / 1000} s. Its last words:\n${await tailOf(log, 6)}`,
        next: `Read ${log}.`,
      });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function systemEnvironment(env: Context["env"]): Record<string, string> {
  const kept: Record<string, string> = { NODE_COMPILE_CACHE: join(REPOSITORY, "node_modules/.cache/corepool") };
  for (const name of ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "NO_COLOR"])
    if (env[name] !== undefined) kept[name] = env[name];
  for (const [name, value] of Object.entries(env)) if (PASSED_ON.test(name) && value !== undefined) kept[name] = value;
  return kept;
}

/** For the coordinator alone: no other part gets to see them. */
function blobCredentials(env: Context["env"]): Record<string, string> {
  const names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
  const bucket = env.COREPOOL_BLOBS?.startsWith("s3:") === true;
  return bucket
    ? Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
    : {};
}

/**
 * Starts the whole market of a data folder: chain, contracts, database, coordinator, agent. Everything that can be
 * checked is checked first; when a part fails to start, those before it are stopped again and the failure says why.
 */
export async function startMarket(context: Context, options: MarketOptions, tell: Tell): Promise<RunningMarket> {
  const { home, env, clock, random } = context;
  const { ports } = options;
  const release = await claimHome(home);
  const undo: { readonly name: string; readonly run: () => Promise<void> }[] = [{ name: "lock", run: release }];
  let stopping = false;
  const stop = async (say?: (what: string) => void): Promise<void> => {
    stopping = true;
    await removeMarketFile(home);
    for (let last = undo.pop(); last !== undefined; last = undo.pop()) {
      if (last.name !== "lock") say?.(last.name);
      await last
        .run()
        .catch((error: unknown) =>
          tell(last?.name ?? "", `it did not stop in order: ${error instanceof Error ? error.message : String(error)}`),
        );
    }
  };
  try {
    const left = await stopOrphans(home);
    if (left.length > 0) tell("market", `stopped what one that was killed had left: ${inWords(left)}`);
    await checkMachine(home.dir);
    await checkPorts(ports);
    await mkdir(home.logs, { recursive: true });
    const keys = {
      deployer: await ensureKey(join(home.keys, "deployer"), random),
      relayer: await ensureKey(join(home.keys, "relayer"), random),
      client: await ensureKey(home.wallet, random),
    };
    const pids = new Map<string, () => number | undefined>();
    const startedAt = new Date(clock.now()).toISOString();
    const url = `http://127.0.0.1:${ports.api}`;
    const consoleUrl = `http://localhost:${ports.api}`;
    const rpcUrl = `http://127.0.0.1:${ports.chain}`;
    const describe = async (): Promise<void> => {
      if (stopping) return;
      const parts: Record<string, number> = {};
      const starts: Record<string, string | null> = {};
      for (const [name, pid] of pids) {
        parts[name] = pid() ?? 0;
        starts[name] = startOf(parts[name]);
      }
      return writeMarketFile(home, {
        pid: process.pid,
        url,
        rpcUrl,
        metricsUrl: `http://127.0.0.1:${ports.metrics}`,
        startedAt,
        parts,
        starts,
      });
    };
    const changed = (): void => void describe().catch(() => undefined);

    const chainEvent = (event: LocalChainEvent): void => {
      tell(
        "chain",
        event.type === "restarted"
          ? `${event.why}; it runs again from block ${event.atBlock} (${event.lostBlocks} lost)`
          : event.why,
      );
      changed();
    };
    const [chainStart, databaseStart] = await Promise.allSettled([
      startMarketChain(home, { port: ports.chain, clock, onEvent: chainEvent, allowOrigin: consoleUrl }, keys),
      startDatabase(context, ports.database, tell, changed),
    ]);
    if (chainStart.status === "fulfilled") undo.push({ name: "chain", run: () => chainStart.value.chain.stop() });
    if (databaseStart.status === "fulfilled") undo.push({ name: "database", run: databaseStart.value.part.stop });
    if (chainStart.status === "rejected") throw chainStart.reason;
    if (databaseStart.status === "rejected") throw databaseStart.reason;
    const { chain, deployment, fresh }: ReadyChain = chainStart.value;
    pids.set("chain", () => chain.pid());
    pids.set("database", databaseStart.value.part.pid);

    const coordinator = await supervise(
      {
        name: "coordinator",
        start: async () => {
          const log = join(home.logs, "coordinator.log");
          const child = startChild({
            name: "coordinator",
            log,
            argv: [process.execPath, join(REPOSITORY, "apps/coordinator/src/main.ts")],
            env: {
              ...systemEnvironment(env),
              COREPOOL_DATABASE_URL: databaseStart.value.url(),
              COREPOOL_RPC_URL: rpcUrl,
              COREPOOL_PUBLIC_RPC_URL: rpcUrl,
              COREPOOL_DEPLOYMENT: home.deployment,
              COREPOOL_RELAYER_KEY_FILE: join(home.keys, "relayer"),
              COREPOOL_BLOBS: env.COREPOOL_BLOBS ?? home.blobs,
              ...blobCredentials(env),
              COREPOOL_LISTEN: `127.0.0.1:${ports.api}`,
              COREPOOL_METRICS_LISTEN: `127.0.0.1:${ports.metrics}`,
              COREPOOL_PUBLIC_URL: url,
              COREPOOL_PUBLIC_ALIASES: consoleUrl,
              COREPOOL_CONSOLE: CONSOLE,
              COREPOOL_FAUCET_PER_DAY: "100",
              COREPOOL_MODE: "all",
              COREPOOL_FINALITY: "3:5",
            },
          });
          await readyOrStop(child, `${url}/readyz`, log, "coordinator");
          return { pid: child.pid, ended: child.ended, stop: () => child.stop(STOP_PATIENCE_MS) };
        },
      },
      clock,
      tell,
      changed,
    );
    undo.push({ name: "coordinator", run: coordinator.stop });
    pids.set("coordinator", coordinator.pid);

    if (options.agent) {
      const agent = await supervise(
        { name: "agent", start: () => startAgent(context, options, url, rpcUrl, deployment) },
        clock,
        tell,
        changed,
      );
      undo.push({ name: "agent", run: agent.stop });
      pids.set("agent", agent.pid);
    }
    await describe();
    const consoleBuilt = existsSync(join(CONSOLE, "index.html"));
    return { url, consoleUrl, consoleBuilt, rpcUrl, fresh, contracts: 5, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readyOrStop(
  child: ReturnType<typeof startChild>,
  url: string,
  log: string,
  name: string,
): Promise<void> {
  try {
    await ready(url, child.ended, log, name);
  } catch (error) {
    await child.stop(2_000);
    throw error;
  }
}

async function startDatabase(
  context: Context,
  port: number,
  tell: Tell,
  changed: () => void,
): Promise<{ readonly part: SupervisedPart; readonly url: () => string }> {
  const own = context.env.COREPOOL_DATABASE_URL ?? context.env.DATABASE_URL;
  if (own !== undefined) return { part: { pid: () => undefined, stop: async () => undefined }, url: () => own };
  let url = "";
  const start = async (): Promise<RunningPart> => {
    const server = await startPostgres({ dir: context.home.database, port });
    url = server.url;
    const told = Promise.withResolvers<string>();
    // A server that died still holds its folder: it is given free before the next start.
    const died = server.died.then(async (how) => {
      await server.stop();
      return how;
    });
    const stop = async (): Promise<void> => {
      await server.stop();
      told.resolve("it was stopped");
    };
    return { pid: server.pid, ended: Promise.race([died, told.promise]), stop };
  };
  return { part: await supervise({ name: "database", start }, context.clock, tell, changed), url: () => url };
}

async function startAgent(
  context: Context,
  options: MarketOptions,
  url: string,
  rpcUrl: string,
  deployment: Deployment,
): Promise<RunningPart> {
  const { home, env } = context;
  const log = join(home.logs, "agent.log");
  // What an agent of a folder that was deleted by hand has left elsewhere belongs to another market.
  if ((await mkdir(home.agent, { recursive: true, mode: 0o700 })) !== undefined) await forgetHost(home.agent);
  const child = startChild({
    name: "agent",
    log,
    argv: [
      process.execPath,
      join(REPOSITORY, "apps/agent/src/supervise.ts"),
      "--state",
      home.agent,
      "--slots",
      String(options.slots),
    ],
    env: {
      ...systemEnvironment(env),
      COREPOOL_COORDINATOR_URL: options.agentUrl ?? url,
      COREPOOL_RPC_URL: rpcUrl,
      COREPOOL_MARKET: deployment.leaseMarket,
      COREPOOL_REGISTRY: deployment.unitRegistry,
    },
  });
  return { pid: child.pid, ended: child.ended, stop: () => child.stop(STOP_PATIENCE_MS) };
}

/** Removes what a dead supervisor left of its description. */
export async function forgetMarket(context: Context): Promise<void> {
  await removeMarketFile(context.home);
  await rm(context.home.lock, { force: true });
}
