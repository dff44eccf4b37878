import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "@corepool/chain/testing/temp-chain";
import { type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import { testDatabase } from "@corepool/postgres/testing";
import { clientOf, type ServedMarket, until, walletOf } from "./market.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A coordinator as an operating-system process of its own. */
export interface CoordinatorProcess {
  readonly url: string;
  readonly metricsUrl: string;
  readonly pid: number;
  /** Its whole log: every line of its standard output and error. */
  readonly lines: readonly string[];
  /** Whether it still runs. */
  alive(): boolean;
  /** Resident memory once garbage is collected, bytes: what is left out there is really in use. */
  memory(): Promise<number>;
  /** Lines of a crash: a level above error, or what is no line of the log. */
  crashes(): readonly string[];
  stop(): Promise<void>;
}

/** A chain with contracts and a database, on which any number of coordinators run as processes. */
export interface ProcessMarket {
  readonly temp: TempMarket;
  readonly databaseUrl: string;
  /** The COREPOOL_… variables of a coordinator here, but for its ports. */
  readonly settings: Readonly<Record<string, string>>;
  /** Starts one, and waits until it is ready. `settings`: COREPOOL_… variables beside those of the market. */
  start(settings?: Readonly<Record<string, string>>): Promise<CoordinatorProcess>;
  /** The market as the helpers of tests take it, served by `process`. */
  servedBy(process: CoordinatorProcess): ServedMarket;
  endAll(): Promise<void>;
}

/** Starts the chain and the database; call `endAll()` when done. */
export async function processMarket(): Promise<ProcessMarket> {
  const temp = await tempMarket();
  const database = await testDatabase();
  const dir = await mkdtemp(join(tmpdir(), "corepool-processes-"));
  const relayerKeyFile = join(dir, "relayer");
  await writeFile(relayerKeyFile, `${temp.relayer.key}\n`, { mode: 0o600 });
  const running: CoordinatorProcess[] = [];
  const common = {
    COREPOOL_DATABASE_URL: database.url,
    COREPOOL_RPC_URL: temp.chain.rpcUrl,
    COREPOOL_DEPLOYMENT: join(temp.dir, "deployment.json"),
    COREPOOL_RELAYER_KEY_FILE: relayerKeyFile,
    COREPOOL_BLOBS: join(dir, "blobs"),
    COREPOOL_FINALITY: "3:5",
    ...UNLIMITED,
  };
  return {
    temp,
    databaseUrl: database.url,
    settings: common,
    async start(settings = {}) {
      const [port, metricsPort] = [await freePort(), await freePort()];
      const url = `http://127.0.0.1:${port}`;
      const started = await startProcess(url, `http://127.0.0.1:${metricsPort}/metrics`, {
        ...common,
        COREPOOL_LISTEN: `127.0.0.1:${port}`,
        COREPOOL_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
        COREPOOL_PUBLIC_URL: url,
        ...settings,
      });
      running.push(started);
      return started;
    },
    servedBy({ url }) {
      const wallet = walletOf(temp.client.key);
      return { ...temp, url, databaseUrl: database.url, wallet, api: clientOf(url, wallet) };
    },
    async endAll() {
      await Promise.all(running.map((each) => each.stop()));
      await temp.end();
      await database.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Rates that no test reaches by itself. */
const UNLIMITED = {
  COREPOOL_READS_PER_MINUTE: "100000000",
  COREPOOL_WRITES_PER_MINUTE: "100000000",
  COREPOOL_MATCHES_PER_MINUTE: "100000000",
  COREPOOL_STREAMS_PER_MINUTE: "100000000",
};

async function startProcess(
  url: string,
  metricsUrl: string,
  settings: Readonly<Record<string, string>>,
): Promise<CoordinatorProcess> {
  const env = { PATH: process.env["PATH"] ?? "", ...settings };
  const child = spawn(process.execPath, [...COLLECT, MAIN], { env, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => lines.push(line));
  const alive = () => child.exitCode === null && child.signalCode === null;
  let reasons = "";
  await until(async () => {
    if (!alive()) throw new Error(`the coordinator did not start:\n${lines.join("\n")}`);
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    reasons = (await ready?.text()) ?? "it does not answer";
    return ready?.status === 200 ? true : undefined;
  }, 50_000).catch((cause: unknown) => {
    throw new Error(`the coordinator is not ready: ${reasons}\n${lines.join("\n")}`, { cause });
  });
  return {
    url,
    metricsUrl,
    pid: child.pid ?? 0,
    lines,
    alive,
    memory: () => settledBytes(child),
    crashes: () => lines.filter(isCrash),
    stop: () => end(child),
  };
}

function isCrash(line: string): boolean {
  try {
    const { level } = JSON.parse(line) as { level?: unknown };
    return typeof level !== "number" || level > 50;
  } catch {
    return true;
  }
}

/** V8 collects when it likes; a signal makes it collect now. */
const COLLECT = [
  "--expose-gc",
  "--import",
  "data:text/javascript,process.on('SIGUSR2',()=>gc({type:'major',execution:'sync',flavor:'last-resort'}))",
];

async function settledBytes(child: ChildProcess): Promise<number> {
  const pid = child.pid ?? 0;
  child.kill("SIGUSR2");
  let bytes = residentBytes(pid);
  // Pages go back to the system in the background: until they no longer do.
  for (let steady = 0; steady < 3; ) {
    await wait(150);
    const now = residentBytes(pid);
    steady = now < bytes - 2 ** 20 ? 0 : steady + 1;
    bytes = now;
  }
  return bytes;
}

/** VmRSS of a process (proc(5)). */
function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.kill("SIGTERM");
  await closed;
}
