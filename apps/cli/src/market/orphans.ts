import { setTimeout as wait } from "node:timers/promises";
import { orphanNode } from "@corepool/chain/local/claim";
import { orphanServer, stopOrphanServer } from "@corepool/postgres/orphan";
import type { Home } from "../home.ts";
import { isSame } from "./lock.ts";
import { readMarketFile } from "./market-file.ts";

/** A process of a market whose supervisor was killed. */
export interface Orphan {
  readonly name: string;
  readonly pid: number;
}

interface Found extends Orphan {
  readonly stop: () => Promise<void>;
}

const STOP_PATIENCE_MS = 20_000;
const POLL_MS = 25;

/** Asks a process to end, and kills it when it has not in time; a later process with its number is left alone. */
async function end(pid: number, start: string | null): Promise<void> {
  for (const [signal, patienceMs] of [
    ["SIGTERM", STOP_PATIENCE_MS],
    ["SIGKILL", 5_000],
  ] as const) {
    if (!isSame(pid, start)) return;
    process.kill(pid, signal);
    for (let waited = 0; waited < patienceMs && isSame(pid, start); waited += POLL_MS) await wait(POLL_MS);
  }
}

/** In the order in which they are to stop: those that use the others first. */
async function find(home: Home): Promise<readonly Found[]> {
  const found: Found[] = [];
  const file = await readMarketFile(home);
  for (const name of ["agent", "coordinator"] as const) {
    const pid = file?.parts[name];
    const start = file?.starts?.[name] ?? null;
    if (pid !== undefined && start !== null && isSame(pid, start))
      found.push({ name, pid, stop: () => end(pid, start) });
  }
  const server = await orphanServer(home.database);
  if (server !== undefined) found.push({ name: "database", pid: server, stop: () => stopOrphanServer(home.database) });
  const node = await orphanNode(home.chain);
  if (node !== undefined) found.push({ name: "chain", pid: node.pid, stop: () => end(node.pid, node.start) });
  return found;
}

/** What a market of this folder has left running whose supervisor was killed. Call it only when no supervisor lives. */
export async function orphansOf(home: Home): Promise<readonly Orphan[]> {
  return (await find(home)).map(({ name, pid }) => ({ name, pid }));
}

/** Stops them in order; call it while holding the folder (`claimHome`). Resolves with what was stopped. */
export async function stopOrphans(home: Home): Promise<readonly Orphan[]> {
  const found = await find(home);
  for (const { stop } of found) await stop();
  return found.map(({ name, pid }) => ({ name, pid }));
}

/** "database (process 12), agent (process 34)". */
export const inWords = (orphans: readonly Orphan[]): string =>
  orphans.map(({ name, pid }) => `${name} (process ${pid})`).join(", ");
