import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Market } from "@corepool/protocol/resources";
import { hostFolderOf } from "./census.ts";

const SUPERVISE = fileURLToPath(new URL("../../../apps/agent/src/supervise.ts", import.meta.url));
const PAUSE_MS = 250;

/** An agent of the market with a folder, a log and a process. */
export interface Provider {
  readonly name: string;
  readonly state: string;
  readonly log: string;
  /** Its supervisor's process now; undefined while there is none. */
  readonly pid: () => number | undefined;
  readonly stop: () => Promise<void>;
}

/**
 * One more provider beside the market's own, on the same machine and with a folder of its own. It is started again when
 * it ends, as a service manager does it.
 */
export async function startProvider(options: {
  readonly name: string;
  readonly home: string;
  readonly market: Market;
  readonly url: string;
  readonly rpcUrl: string;
  readonly slots: number;
  readonly env: Readonly<Record<string, string>>;
}): Promise<Provider> {
  const { name, home, market, slots } = options;
  const state = join(home, name);
  const log = join(home, "logs", `${name}.log`);
  await mkdir(state, { recursive: true, mode: 0o700 });
  let child: ChildProcess | undefined;
  let stopping = false;
  const launch = (): Promise<void> => {
    const out = openSync(log, "a", 0o600);
    const started = spawn(process.execPath, [SUPERVISE, "--state", state, "--slots", String(slots)], {
      stdio: ["ignore", out, out],
      env: {
        ...Object.fromEntries(["PATH", "HOME"].map((key) => [key, process.env[key] ?? ""])),
        ...options.env,
        COREPOOL_COORDINATOR_URL: options.url,
        COREPOOL_RPC_URL: options.rpcUrl,
        COREPOOL_MARKET: market.contracts.leaseMarket,
        COREPOOL_REGISTRY: market.contracts.unitRegistry,
      },
    });
    closeSync(out);
    child = started;
    return new Promise((resolve) => {
      started.once("exit", () => resolve());
    });
  };
  const keep = async (): Promise<void> => {
    while (!stopping) {
      await launch();
      child = undefined;
      await wait(PAUSE_MS);
    }
  };
  const kept = keep();
  return {
    name,
    state,
    log,
    pid: () => child?.pid,
    stop: async () => {
      stopping = true;
      child?.kill("SIGTERM");
      await kept;
    },
  };
}

/** Deletes what a stopped agent keeps outside of its folder. */
export async function forgetProvider(state: string): Promise<void> {
  await rm(await hostFolderOf(state), { recursive: true, force: true });
}
