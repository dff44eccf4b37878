import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where a market and a wallet keep everything on this machine. */
export interface Home {
  readonly dir: string;
  /** Written while a market runs here: who supervises it and where it answers. */
  readonly market: string;
  readonly lock: string;
  readonly logs: string;
  readonly chain: string;
  readonly deployment: string;
  /** The contracts that each coordinator met from here named first. */
  readonly knownMarkets: string;
  readonly database: string;
  readonly blobs: string;
  readonly agent: string;
  readonly keys: string;
  readonly wallet: string;
  /** One file per workload that was ordered from here: its lease key and how far it is paid. */
  readonly jobs: string;
  /** One file per mandate that was signed here: what its revocation on chain needs. */
  readonly mandates: string;
  /** When the last backup of this market was made, and where to. */
  readonly lastBackup: string;
}

/** The folder named by COREPOOL_HOME, else ~/.corepool. */
export function homeOf(env: Readonly<Record<string, string | undefined>>): Home {
  const dir = resolve(env.COREPOOL_HOME ?? join(homedir(), ".corepool"));
  const at = (name: string): string => join(dir, name);
  return {
    dir,
    market: at("market.json"),
    lock: at("supervisor.lock"),
    logs: at("logs"),
    chain: at("chain"),
    deployment: at("deployment.json"),
    knownMarkets: at("known-markets.json"),
    database: at("database"),
    blobs: at("blobs"),
    agent: at("agent"),
    keys: at("keys"),
    wallet: join(dir, "keys", "client"),
    jobs: at("jobs"),
    mandates: at("mandates"),
    lastBackup: at("last-backup.json"),
  };
}
