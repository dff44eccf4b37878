import { readFile } from "node:fs/promises";
import { CorepoolError } from "@corepool/core/errors";
import { system } from "./command.ts";

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

async function find(name: string): Promise<SystemUser | null> {
  const line = (await readFile("/etc/passwd", "utf8"))
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined || gid === undefined ? null : { name, uid: Number(uid), gid: Number(gid) };
}

/**
 * The agent's own system user, made if it is missing: no password, no home, no shell, no other group. Workloads run
 * with its rights outside their sandbox, so it must own nothing else.
 */
export async function ensureUser(name: string): Promise<SystemUser> {
  const known = await find(name);
  if (known === null) {
    await system("useradd", [
      "--system",
      "--user-group",
      "--no-create-home",
      "--home-dir",
      "/nonexistent",
      "--shell",
      "/usr/sbin/nologin",
      name,
    ]);
  }
  const user = known ?? (await find(name));
  if (user === null)
    throw new CorepoolError("setup-failed", {
      detail: `The system user ${name} could not be made.`,
      next: `Create it: useradd --system --user-group ${name}`,
    });
  if (user.uid === 0 || user.gid === 0)
    throw new CorepoolError("setup-failed", {
      detail: `The user ${name} has root's id, under which there is no sandbox.`,
      next: "Give it an id of its own.",
    });
  return user;
}
