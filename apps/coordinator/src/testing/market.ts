import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "@corepool/chain/testing/temp-chain";
import { type TempMarket, tempMarket } from "@corepool/chain/testing/temp-market";
import type { Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { testDatabase } from "@corepool/postgres/testing";
import { digestOf } from "@corepool/protocol/eip712";
import { type Client, createClient } from "@corepool/sdk/client";
import { withWallet } from "@corepool/sdk/sign-in";
import { privateKeyToAccount } from "viem/accounts";
import { type RunningCoordinator, startCoordinator } from "../coordinator.ts";
import { buildMarket } from "../market.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { loadConfig } from "../platform/config.ts";
import { createLog } from "../platform/process/log.ts";
import { movingClock } from "./moving-clock.ts";

/** A market on a real chain and a real database, served by a real coordinator. */
export interface ServedMarket extends TempMarket {
  readonly url: string;
  readonly databaseUrl: string;
  /** The client of the API, signed in with the wallet of `client`. */
  readonly api: Client;
  readonly wallet: Signer;
}

/** One whose coordinator runs in this process and can be stopped and started again. */
export interface TestMarket extends ServedMarket {
  readonly logged: string[];
  /** Moves the coordinator's clock ahead; the chain's stays. */
  advance(ms: number): void;
  /** Sets the coordinator's wall clock so far ahead or behind; its monotonic clock goes on. */
  setClock(ms: number): void;
  /** Starts a coordinator; `api`: without background work, `worker`: nothing but that, beside another. */
  start(mode?: "all" | "api" | "worker"): Promise<void>;
  /** Asks the chain's node for something that only a test wants. */
  node(method: string, ...parameters: readonly unknown[]): Promise<unknown>;
  stop(): Promise<void>;
  endAll(): Promise<void>;
}

/** Waits until `look` gives something. */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined, ms = 15_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error("waited in vain");
    await wait(10);
  }
}

/** The wallet of a key. */
export function walletOf(key: Hex): Signer {
  const account = privateKeyToAccount(key);
  return {
    address: account.address,
    signTypedData: (data) => account.sign({ hash: digestOf(data) }),
    signMessage: (message) => account.signMessage({ message }),
  };
}

/** A client of the API at `url` that signs in with the wallet. */
export const clientOf = (url: string, wallet: Signer): Client =>
  withWallet(createClient({ url, fetch, clock: systemClock, random: systemRandom, patienceMs: 5_000 }), wallet);

/** `settings`: more variables of the coordinator. */
export async function testMarket(settings: Readonly<Record<string, string>> = {}): Promise<TestMarket> {
  const temp = await tempMarket();
  const database = await testDatabase();
  const dir = await mkdtemp(join(tmpdir(), "corepool-coordinator-"));
  const relayerKeyFile = join(dir, "relayer");
  await writeFile(relayerKeyFile, `${temp.relayer.key}\n`, { mode: 0o600 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logged: string[] = [];
  const { config } = loadConfig({
    COREPOOL_DATABASE_URL: database.url,
    COREPOOL_RPC_URL: temp.chain.rpcUrl,
    COREPOOL_DEPLOYMENT: join(temp.dir, "deployment.json"),
    COREPOOL_RELAYER_KEY_FILE: relayerKeyFile,
    COREPOOL_BLOBS: join(dir, "blobs"),
    COREPOOL_LISTEN: `127.0.0.1:${port}`,
    COREPOOL_METRICS_LISTEN: "127.0.0.1:0",
    COREPOOL_PUBLIC_URL: url,
    COREPOOL_FINALITY: "3:5",
    ...settings,
  });
  const wallet = walletOf(temp.client.key);
  const clock = movingClock();
  let running: RunningCoordinator[] = [];
  const market: TestMarket = {
    ...temp,
    url,
    databaseUrl: database.url,
    wallet,
    logged,
    advance: (ms) => clock.advance(ms),
    setClock: (ms) => clock.set(ms),
    api: clientOf(url, wallet),
    node: (method, ...parameters) => temp.endpoint.request(method, parameters),
    async start(mode = "all") {
      const started = await startCoordinator({
        config: { ...config, mode },
        deployment: temp.deployment,
        clock,
        random: systemRandom,
        log: createLog("info", { write: (line: string) => logged.push(line) }),
        buildMarket,
        checkResponses: true,
      });
      running.push(started);
      if (mode !== "worker")
        await until(async () => ((await fetch(`${url}/readyz`)).status === 200 ? true : undefined));
    },
    async stop() {
      await Promise.all(running.map((each) => each.stop("test")));
      running = [];
    },
    async endAll() {
      await market.stop();
      await temp.end();
      await database.drop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await market.start();
  return market;
}
