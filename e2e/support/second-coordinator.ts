import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePorts, type RunningMarket } from "./market.ts";

const MAIN = fileURLToPath(new URL("../../apps/coordinator/src/main.ts", import.meta.url));

/** One more coordinator on the database, chain and key of a running market, ready to serve. */
export async function startSecondCoordinator(market: RunningMarket): Promise<{
  readonly url: string;
  readonly port: number;
  readonly stop: () => Promise<void>;
}> {
  const { home, ports } = market.place;
  const { url: publicUrl, rpcUrl } = await market.file();
  const password = (await readFile(join(home, "database", "password"), "utf8")).trim();
  const [port = 0, metrics = 0] = await freePorts(2);
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env.PATH ?? "",
      COREPOOL_DATABASE_URL: `postgresql://corepool:${password}@127.0.0.1:${ports.database}/corepool`,
      COREPOOL_RPC_URL: rpcUrl,
      COREPOOL_PUBLIC_RPC_URL: rpcUrl,
      COREPOOL_DEPLOYMENT: join(home, "deployment.json"),
      COREPOOL_RELAYER_KEY_FILE: join(home, "keys", "relayer"),
      COREPOOL_BLOBS: join(home, "blobs"),
      COREPOOL_LISTEN: `127.0.0.1:${port}`,
      COREPOOL_METRICS_LISTEN: `127.0.0.1:${metrics}`,
      // The same market behind another door: a wallet signs in to the one address that it knows.
      COREPOOL_PUBLIC_URL: publicUrl,
      COREPOOL_MODE: "all",
      COREPOOL_FINALITY: "3:5",
    },
  });
  child.stderr?.pipe(createWriteStream(join(home, "logs", "coordinator-2.log")));
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const url = `http://127.0.0.1:${port}`;
  for (const begun = performance.now(); ; await wait(50)) {
    if ((await fetch(`${url}/readyz`).catch(() => undefined))?.ok === true) break;
    if (performance.now() - begun > 30_000) throw new Error("the second coordinator did not become ready");
  }
  return {
    url,
    port,
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
