import { readFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";

/** Which processes hold a chain's folder. `start` tells a process from a later one with the same number (Linux). */
interface Holder {
  readonly supervisor: number;
  readonly supervisorStart: string | undefined;
  readonly node: number | undefined;
  readonly nodeStart: string | undefined;
}

/** In a chain's folder: who holds it. */
export const CLAIM = "chain.pid";

const held = new Set<string>();

/**
 * Claims a chain's folder for this process and ends the node that a killed supervisor may have left on it. Rejects with
 * `already-running` while another living process holds it.
 */
export async function claim(path: string): Promise<void> {
  const before = await holderOf(path);
  const other =
    before !== undefined && before.supervisor !== process.pid && isSame(before.supervisor, before.supervisorStart);
  if (other || held.has(path)) {
    throw new CorepoolError("already-running", {
      detail: `The local chain is in use by process ${before?.supervisor ?? process.pid}.`,
      next: "Stop that market first (corepool down), or choose another data folder.",
    });
  }
  if (before?.node !== undefined && before.nodeStart !== undefined && isSame(before.node, before.nodeStart))
    process.kill(before.node, "SIGKILL");
  held.add(path);
  await record(path, undefined);
}

/** The node that a killed supervisor left on the chain folder `dir`; undefined when none lives, or it is attended. */
export async function orphanNode(dir: string): Promise<{ readonly pid: number; readonly start: string } | undefined> {
  const path = join(dir, CLAIM);
  const holder = await holderOf(path);
  if (holder === undefined || held.has(path) || isSame(holder.supervisor, holder.supervisorStart)) return undefined;
  const { node: pid, nodeStart: start } = holder;
  return pid !== undefined && start !== undefined && isSame(pid, start) ? { pid, start } : undefined;
}

const holderOf = (path: string): Promise<Holder | undefined> =>
  readFile(path, "utf8").then(
    (text) => JSON.parse(text) as Holder,
    () => undefined,
  );

/** Writes down which node runs now. */
export async function record(path: string, node: number | undefined): Promise<void> {
  const holder: Holder = {
    supervisor: process.pid,
    supervisorStart: startOf(process.pid),
    node,
    nodeStart: node === undefined ? undefined : startOf(node),
  };
  await writeFile(path, JSON.stringify(holder), { mode: 0o600 });
}

/** Gives the folder free. */
export async function release(path: string): Promise<void> {
  held.delete(path);
  await rm(path, { force: true });
}

function isSame(pid: number, start: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  return startOf(pid) === start;
}

/** When a process started, in clock ticks since boot; undefined where there is no /proc, and for what is only a zombie. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the name in parentheses and may hold spaces; the state follows, the start is 20th after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
