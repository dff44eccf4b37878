import { mkdir, open, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { httpEndpoint } from "@corepool/chain/adapters/http-endpoint";
import { Endpoints } from "@corepool/chain/endpoints";
import { createReader } from "@corepool/chain/reader";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import type { Runtime } from "@corepool/core/ports/runtime";
import { type MarketDomain, usageReportData } from "@corepool/protocol/eip712";
import { EXIT, isProblemCode, PROBLEMS } from "@corepool/protocol/problems";
import { ordinaryPreparation } from "@corepool/runtime/adapters/bubblewrap/ordinary";
import { type Preparation, preparation as preparationSchema } from "@corepool/runtime/adapters/bubblewrap/preparation";
import { bubblewrapRuntime } from "@corepool/runtime/adapters/bubblewrap/runtime";
import { pino } from "pino";
import { blobClient } from "./adapters/blob-client.ts";
import { type Ending, endOnSignal } from "./adapters/ending.ts";
import { lockFolder } from "./adapters/folder-lock.ts";
import { inspectHost } from "./adapters/host.ts";
import { journalFile } from "./adapters/journal-file.ts";
import { machineOf } from "./adapters/machine-file.ts";
import { providerKey, secretFile } from "./adapters/secrets.ts";
import { ownSettler } from "./adapters/settler.ts";
import { systemClock, systemRandom } from "./adapters/system.ts";
import { wsTransport } from "./adapters/ws-transport.ts";
import { Agent } from "./agent.ts";
import { ChainTime } from "./chain-time.ts";
import { type Config, loadConfig } from "./config.ts";
import { Gateway } from "./gateway.ts";
import { openInputFiles } from "./inputs.ts";
import { Journal } from "./journal.ts";
import type { Log } from "./ports.ts";
import { SAMPLE_MS } from "./sample.ts";
import { SlotPool } from "./slots.ts";
import { unitsOf } from "./units.ts";

const VERSION = "0.1.0";
const clock = systemClock;

async function prepared(config: Config): Promise<Preparation> {
  if (config.preparation !== undefined) {
    return preparationSchema.parse(JSON.parse(await readFile(config.preparation, "utf8")));
  }
  const stateDirectory = config.state ?? config.agentDir;
  if (stateDirectory === undefined) {
    throw new CorepoolError("setup-failed", {
      detail: "The agent does not know where to keep its state.",
      next: "Start it by its supervisor, or set COREPOOL_AGENT_DIR.",
    });
  }
  return ordinaryPreparation({ stateDirectory, slots: config.slots });
}

/** The chain's id, asked until a node answers: the chain may start after the agent. */
async function chainIdOf(config: Config, log: Log, signal: AbortSignal): Promise<number> {
  for (;;) {
    for (const url of config.rpcUrls) {
      try {
        return Number(await httpEndpoint(url).request("eth_chainId", []));
      } catch (error) {
        log.warn("chain.unavailable", { detail: error instanceof Error ? error.message : String(error) });
      }
    }
    await clock.sleep(1_000, signal);
  }
}

/** One market per folder: notes of one are worth nothing in another. */
async function claim(dir: string, domain: MarketDomain): Promise<void> {
  const path = join(dir, "market.json");
  const ours = JSON.stringify({ chainId: domain.chainId, market: domain.market.toLowerCase() });
  const known = await readFile(path, "utf8").catch(() => undefined);
  if (known === undefined) {
    const file = await open(path, "w", 0o600);
    await file.writeFile(ours);
    await file.sync();
    return file.close();
  }
  if (known !== ours) {
    throw new CorepoolError("wrong-chain", {
      detail: `The agent's folder ${dir} belongs to the market ${known}, not to ${ours}.`,
      next: "Use another folder, or correct COREPOOL_MARKET and COREPOOL_RPC_URL.",
    });
  }
}

async function capabilitiesOf(runtime: Runtime) {
  const found = await runtime.probeCapabilities();
  if (found.isolation !== null) return { ...found, isolation: found.isolation };
  throw new CorepoolError("sandbox-unavailable", {
    detail: `No sandbox can run here: ${found.missing.find(({ fatal }) => fatal)?.line ?? "the reason is not known"}`,
    next: "Run corepool doctor on this machine.",
  });
}

async function start(ending: Ending): Promise<void> {
  const { signal } = ending;
  const { config, sources } = loadConfig(process.env);
  ending.patienceMs = config.shutdownSeconds * 1000;
  ending.open = () => ["starting"];
  const lines = pino({ level: config.logLevel, base: { part: "agent" } }, pino.destination({ dest: 2, sync: false }));
  const log: Log = {
    info: (event, fields) => lines.info({ ...fields }, event),
    warn: (event, fields) => lines.warn({ ...fields }, event),
    error: (event, fields) => lines.error({ ...fields }, event),
  };
  log.info("agent.settings", Object.fromEntries(sources.map(({ name, from, value }) => [name, `${value} (${from})`])));

  const host = await prepared(config);
  const dir = join(host.stateDirectory, "agent");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const unlock = await lockFolder(dir);
  const secret = await secretFile(
    config.providerKeyFile ?? join(dir, "provider.key"),
    "the provider's key",
    config.providerKeyFile === undefined ? systemRandom : undefined,
  );
  const { signer, keys } = providerKey(secret);
  const { machine, salt } = await machineOf(dir, signer.address, log);

  const runtime = bubblewrapRuntime({ preparation: host });
  const { isolation, slots, missing } = await capabilitiesOf(runtime);
  for (const { what, line } of missing) log.warn("host.lacks", { what, line });
  const inventory = await inspectHost(await realpath(host.stateDirectory));
  if (inventory.gpus.length > 0) {
    log.warn("host.gpus-not-offered", {
      gpus: inventory.gpus.length,
      line: "The sandbox of this version passes no GPU on.",
    });
  }
  const { intervalSeconds, holdSeconds, firstUnit } = config;
  const units = unitsOf(inventory, isolation, slots, {
    machine,
    slices: config.units,
    firstUnit,
    intervalSeconds,
    holdSeconds,
  });

  const chainId = await chainIdOf(config, log, signal);
  const domain: MarketDomain = { chainId, market: config.market };
  await claim(dir, domain);
  const endpoints = new Endpoints(
    chainId,
    config.rpcUrls.map((url) => httpEndpoint(url)),
    clock,
  );
  const chain = createReader({ endpoints, finality: { tag: "finalized" }, clock });
  const journal = await Journal.open(journalFile(join(dir, "journal.jsonl")), clock, log);
  const provider: Address = signer.address;
  const payTo = config.payTo ?? provider;

  const gateway = new Gateway({
    url: new URL("/v1/agent", config.coordinatorUrl.replace(/^http/, "ws")).href,
    domain,
    identity: { provider, machine, salt, version: VERSION },
    keys,
    signer,
    transport: wsTransport,
    clock,
    random: systemRandom,
    journal,
    log,
  });
  const blobs = blobClient({ url: config.coordinatorUrl, token: () => gateway.token });
  const agent = new Agent({
    domain,
    clock,
    runtime,
    chain,
    signer,
    keys,
    journal,
    gateway,
    blobs,
    inputs: await openInputFiles({ dir: join(dir, "inputs"), maxBytes: config.cacheBytes, blobs, clock }),
    slots: new SlotPool(slots),
    log,
    chainTime: new ChainTime(clock),
    settler: ownSettler({ privateKey: secret, rpcUrls: config.rpcUrls, chainId, market: config.market }),
    closePatienceSeconds: config.closePatienceSeconds,
    sampleMs: SAMPLE_MS,
    signReport: (report) => signer.signTypedData(usageReportData(domain, report)),
    units,
    offer: { provider, payTo, graceSeconds: 2 * intervalSeconds, price: config.price },
    registration:
      config.registry === undefined ? undefined : { chainId, registry: config.registry, provider, payTo, machine },
  });
  ending.open = () => agent.open;
  try {
    await agent.run(signal);
  } finally {
    ending.open = () => ["journal"];
    // Sandboxes live on; the next start finds them, and the journal.
    await journal.close();
    await unlock();
    log.info("agent.stopped");
    lines.flush();
  }
}

const ending = endOnSignal();
try {
  await start(ending);
} catch (error) {
  if (!ending.signal.aborted) {
    const code = codeOf(error);
    const next = error instanceof CorepoolError && error.next !== undefined ? ` ${error.next}` : "";
    process.stderr.write(`corepool agent: ${error instanceof Error ? error.message : String(error)}${next}\n`);
    process.exitCode = code !== undefined && isProblemCode(code) ? PROBLEMS[code].exit : EXIT.internal;
  }
}
