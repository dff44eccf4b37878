import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, mkdir, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ensureUser, type SystemUser } from "@corepool/runtime/supervisor/user";
import { readText, removeAll, systemCode } from "../files.ts";

/** Under root the agent's own user keeps its state here, under a hash of the folder that names it (see packages/runtime). */
const BASE = "/var/lib/corepool";

/** Where the root supervisor keeps what it prepared for the agent of this folder; undefined when it never did. */
export async function hostFolder(state: string): Promise<string | undefined> {
  const place = await realpath(state).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  return place === undefined ? undefined : join(BASE, createHash("sha256").update(place).digest("hex").slice(0, 12));
}

/** Where the agent keeps its keys and its journal; undefined when it never ran as root here. */
export async function agentFolder(state: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return join(state, "agent");
  const folder = await hostFolder(state);
  return folder === undefined ? undefined : join(folder, "agent", "agent");
}

/** Makes the agent's folder as its supervisor would, so that restored keys and journal may lie in it. */
export async function makeAgentFolder(state: string): Promise<{ readonly dir: string; readonly user?: SystemUser }> {
  await mkdir(state, { recursive: true, mode: 0o700 });
  const dir = await agentFolder(state);
  if (dir === undefined) throw new Error(`${state} was not made`);
  if (process.getuid?.() !== 0) {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    return { dir };
  }
  const user = await ensureUser("corepool-agent");
  await mkdir(dirname(dirname(dir)), { recursive: true, mode: 0o755 });
  for (const folder of [dirname(dir), dir]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chown(folder, user.uid, user.gid);
  }
  return { dir, user };
}

/** Deletes what the agent of this state folder keeps outside of it. The agent must be stopped. */
export async function forgetHost(state: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = await hostFolder(state);
  if (folder === undefined) return;
  // A supervisor that was killed has left its workspaces mounted.
  const mounts = (await readText("/proc/self/mounts")) ?? "";
  const points = mounts.split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const point of points.filter((each) => each.startsWith(`${folder}/`)))
    await promisify(execFile)("umount", ["-l", point]);
  await removeAll(folder);
}
