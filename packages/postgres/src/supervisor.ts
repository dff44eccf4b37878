import { readFile, readlink, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CorepoolError } from "@corepool/core/errors";

/** When a process started, in clock ticks since boot: tells it from a later one with the same number (Linux only). */
async function startOf(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in parentheses and may hold spaces; the start is the 20th after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Whether a process lives, whoever owns it. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Folders that this very process holds. */
const held = new Set<string>();

/**
 * Claims a database folder for this process. Rejects with `already-running` when another living process holds it; what
 * a dead one left behind is taken over.
 */
export async function claim(dir: string): Promise<void> {
  const other = await otherHolder(dir);
  if (other !== undefined || held.has(dir)) {
    throw new CorepoolError("already-running", {
      detail: `The database in ${dir} is in use by process ${other ?? process.pid}.`,
      next: "Stop that process first, or choose another data folder.",
    });
  }
  held.add(dir);
  await writeFile(
    join(dir, "supervisor.json"),
    JSON.stringify({ pid: process.pid, start: await startOf(process.pid) }),
    { mode: 0o600 },
  );
}

/** The living process, not this one, that holds the folder. */
async function otherHolder(dir: string): Promise<number | undefined> {
  const before = await readFile(join(dir, "supervisor.json"), "utf8").then(
    (text) => JSON.parse(text) as { readonly pid: number; readonly start?: string },
    () => undefined,
  );
  if (before === undefined || before.pid === process.pid || !alive(before.pid)) return undefined;
  return (await startOf(before.pid)) === before.start ? before.pid : undefined;
}

/** Whether a living process, this one or another, attends the folder. */
export async function isClaimed(dir: string): Promise<boolean> {
  return held.has(dir) || (await otherHolder(dir)) !== undefined;
}

/** Gives the folder free again. */
export async function release(dir: string): Promise<void> {
  held.delete(dir);
  await rm(join(dir, "supervisor.json"), { force: true });
}

/** What `postmaster.pid` says: the server's process, and whether it accepts connections. */
export async function serverState(
  data: string,
): Promise<{ readonly pid: number; readonly port: number; readonly ready: boolean } | undefined> {
  const lines = await readFile(join(data, "postmaster.pid"), "utf8").then(
    (text) => text.split("\n"),
    () => undefined,
  );
  const pid = Number(lines?.[0]);
  if (!Number.isInteger(pid) || pid < 2) return undefined;
  return { pid, port: Number(lines?.[3]), ready: lines?.[7]?.trim() === "ready" };
}

/** Ends a server: in order (connections are cut, everything is written), and hard if that takes longer than `patienceMs`. */
export async function endServer(pid: number, patienceMs: number): Promise<void> {
  for (const [signal, patience] of [
    ["SIGINT", patienceMs],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    for (let waited = 0; waited < patience; waited += 20) {
      if (!alive(pid) || (await isZombie(pid))) return;
      await wait(20);
    }
  }
}

async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
}

/** Ends a server that a killed supervisor left running on this folder, so that a new one may start. */
export async function endOrphan(data: string): Promise<void> {
  const pid = await orphanIn(data);
  if (pid !== undefined) await endServer(pid, 10_000);
}

/** The server that runs on this folder; its working directory tells it from a later process with the same number. */
export async function orphanIn(data: string): Promise<number | undefined> {
  const state = await serverState(data);
  if (state === undefined) return undefined;
  const home = await readlink(`/proc/${state.pid}/cwd`).catch(() => undefined);
  return home === data ? state.pid : undefined;
}
