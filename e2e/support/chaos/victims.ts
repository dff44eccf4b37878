import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import type { RunningMarket } from "../market.ts";
import { childrenOf } from "./census.ts";
import type { Dice } from "./dice.ts";
import type { Provider } from "./provider.ts";

export const PARTS = ["agent", "coordinator", "database", "chain"] as const;
export type Part = (typeof PARTS)[number];

/** Something that is killed, and how to see that it works again. */
export interface Victim {
  readonly part: Part;
  readonly name: string;
  readonly pid: () => Promise<number | undefined>;
  /** Asks once; true when it works. `since`: what `mark` gave before the kill. */
  readonly works: (since: number) => Promise<boolean>;
  readonly mark: () => Promise<number>;
}

const LOOK_MS = 20;
const PATIENCE_MS = 90_000;

/** The parts of a running market, and its agents: those of `corepool up` and those beside it. */
export function victimsOf(market: RunningMarket, agents: readonly Provider[], dice: Dice): readonly Victim[] {
  const { home, ports } = market.place;
  const part = (name: Part) => async (): Promise<number | undefined> => {
    const pid = (await market.file().catch(() => undefined))?.parts[name];
    return pid === undefined || pid < 2 ? undefined : pid;
  };
  const nothing = async (): Promise<number> => 0;
  const coordinator: Victim = {
    part: "coordinator",
    name: "coordinator",
    pid: part("coordinator"),
    mark: nothing,
    works: async () => {
      const answer = await fetch(`http://127.0.0.1:${ports.api}/readyz`, { signal: AbortSignal.timeout(1_000) });
      await answer.body?.cancel();
      return answer.ok;
    },
  };
  const database: Victim = {
    part: "database",
    name: "database",
    pid: part("database"),
    mark: nothing,
    works: async () => {
      const password = (await readFile(join(home, "database", "password"), "utf8")).trim();
      const client = new pg.Client({
        connectionString: `postgresql://corepool:${password}@127.0.0.1:${ports.database}/corepool`,
        connectionTimeoutMillis: 1_000,
      });
      client.on("error", () => undefined);
      try {
        await client.connect();
        return (await client.query("select 1")).rowCount === 1;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
  };
  const chain: Victim = {
    part: "chain",
    name: "chain",
    pid: part("chain"),
    mark: nothing,
    works: async () => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] });
      const answer = await fetch(`http://127.0.0.1:${ports.chain}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(1_000),
      });
      return ((await answer.json()) as { readonly result?: unknown }).result !== undefined;
    },
  };
  const agent = (name: string, log: string, supervisor: () => Promise<number | undefined>): Victim => ({
    part: "agent",
    name,
    // Half of the time the supervisor that runs as root, half the agent itself under its own user.
    pid: async () => {
      const pid = await supervisor();
      if (pid === undefined || dice.upTo(2) === 0) return pid;
      return (await childrenOf(pid))[0] ?? pid;
    },
    mark: async () => (await stat(log)).size,
    works: async (since) => (await readFile(log)).subarray(since).includes("gateway.signed-in"),
  });
  return [
    coordinator,
    database,
    chain,
    agent("agent", join(home, "logs", "agent.log"), part("agent")),
    ...agents.map((a) => agent(a.name, a.log, async () => a.pid())),
  ];
}

/** Kills the process that there is, or the one that is about to be: the market's file tells of a new one a moment late. */
async function strike(victim: Victim): Promise<{ readonly pid: number; readonly since: number; readonly at: number }> {
  for (const begun = performance.now(); ; await wait(LOOK_MS)) {
    const pid = await victim.pid();
    const since = await victim.mark();
    const at = performance.now();
    try {
      if (pid !== undefined && process.kill(pid, "SIGKILL")) return { pid, since, at };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
    if (at - begun > PATIENCE_MS) throw new Error(`there is no ${victim.name} to kill`);
  }
}

/** Kills it at once. Resolves with the milliseconds until it works again; rejects when it does not. */
export async function kill(victim: Victim): Promise<{ readonly recovered: Promise<number> }> {
  const { pid, since, at } = await strike(victim);
  const recover = async (): Promise<number> => {
    // Until the process is gone its answer would be the old one's.
    for (;;) {
      const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X");
      if (/^\) [XZ]/.test(state.slice(state.lastIndexOf(")")))) break;
      await wait(1);
    }
    for (;;) {
      if (await victim.works(since).catch(() => false)) return performance.now() - at;
      if (performance.now() - at > PATIENCE_MS) throw new Error(`the ${victim.name} did not come back`);
      await wait(LOOK_MS);
    }
  };
  return { recovered: recover() };
}
