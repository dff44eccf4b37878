import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Receipt, receipt, type WorkloadView, workload } from "@corepool/protocol/resources";
import { command, type Json, type RunningCommand, startCommand } from "./command-line.ts";

/**
 * Ports that are free now and stay so: below those that the kernel gives to whoever asks for any, and from a block of this
 * process's own, since other test processes look for ports at the same time.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    if (next === FIRST_PORT + BLOCKS * BLOCK) next = FIRST_PORT;
    const port = next++;
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

const FIRST_PORT = 12_000;
const BLOCK = 32;
const BLOCKS = 600;
let next = FIRST_PORT + (process.pid % BLOCKS) * BLOCK;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

export interface Place {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ports: { readonly api: number; readonly chain: number; readonly database: number; readonly metrics: number };
}

/** A fresh data folder and four free ports. */
export async function newPlace(env: Readonly<Record<string, string>> = {}): Promise<Place> {
  const home = await mkdtemp(join(tmpdir(), "corepool-market-"));
  const [api = 0, chain = 0, database = 0, metrics = 0] = await freePorts(4);
  return { home, env: { COREPOOL_HOME: home, ...env }, ports: { api, chain, database, metrics } };
}

/** Deletes everything the market of a place has left. */
export async function clear(place: Place): Promise<void> {
  await command(["reset", "--yes", "--json"], place);
  await rm(place.home, { recursive: true, force: true });
}

export interface MarketFile {
  readonly pid: number;
  readonly url: string;
  readonly rpcUrl: string;
  readonly parts: Readonly<Record<string, number>>;
}

export interface RunningMarket {
  readonly place: Place;
  readonly up: RunningCommand;
  readonly ready: Json;
  readonly file: () => Promise<MarketFile>;
  readonly command: (...args: readonly string[]) => ReturnType<typeof command>;
  readonly start: (...args: readonly string[]) => RunningCommand;
  /** Ctrl-C, and wait for the end. */
  readonly stop: () => Promise<number>;
}

/** `corepool up` in a place, ready for jobs. */
export async function startMarket(place: Place, ...args: readonly string[]): Promise<RunningMarket> {
  const { ports } = place;
  const words = [
    "up",
    "--json",
    "--port",
    ports.api,
    "--chain-port",
    ports.chain,
    "--database-port",
    ports.database,
    "--metrics-port",
    ports.metrics,
    ...args,
  ].map(String);
  const up = startCommand(words, place);
  const ready = await up.until("ready", (l) => l.type === "ready", 90_000);
  return {
    place,
    up,
    ready,
    file: async () => JSON.parse(await readFile(join(place.home, "market.json"), "utf8")) as MarketFile,
    command: (...rest) => command([...rest.slice(0, 1), "--json", ...rest.slice(1)], place),
    start: (...rest) => startCommand([...rest.slice(0, 1), "--json", ...rest.slice(1)], place),
    stop: () => {
      up.child.kill("SIGINT");
      return up.ended;
    },
  };
}

/** What `corepool run --json` says last. */
export function resultOf(said: readonly Json[]): {
  readonly workload: WorkloadView;
  readonly receipt: Receipt;
  readonly verified: Readonly<Record<string, string>> | null;
  readonly files: readonly { readonly path: string; readonly file: string; readonly hash: string }[];
} {
  const last = said.findLast((l) => l.type === "result");
  if (last === undefined)
    throw new Error(
      `no result among: ${said
        .slice(-5)
        .map((l) => JSON.stringify(l))
        .join("\n")}`,
    );
  return {
    workload: workload.parse(last.workload),
    receipt: receipt.parse(last.receipt),
    verified: last.verified as Readonly<Record<string, string>> | null,
    files: last.files as { path: string; file: string; hash: string }[],
  };
}

/** The text of a job's log, from the events of `corepool run --json`. */
export function logOf(said: readonly Json[]): string {
  return said
    .filter((l) => l.type === "log")
    .map((l) => Buffer.from(String(l.data), "base64").toString("utf8"))
    .join("");
}
