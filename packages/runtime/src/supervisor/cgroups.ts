import { chown, mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CgroupDelegation } from "../adapters/cgroup/backend.ts";
import { findCgroupMounts, parseOwnCgroups, usableVersion } from "../adapters/cgroup/detect.ts";
import type { SystemUser } from "./user.ts";

export interface DelegatedCgroups {
  readonly delegation: CgroupDelegation | null;
  /** Why there is none, in one line. */
  readonly missing: string | null;
  /** Puts the agent's process where it may start sandboxes from. */
  adopt(pid: number): Promise<void>;
  /** Removes what is empty; cgroups of sandboxes that still live stay, and so do those above them. */
  release(): Promise<void>;
}

/** The agent's own cgroup in v2; not a possible name of a sandbox. */
const AGENT = ".agent";

/**
 * Gives the agent's user a cgroup of its own to make sandboxes' cgroups in. v1: one directory per controller, below
 * this process's own, so that outer limits go on holding. v2: one directory with memory, pids and cpu enabled.
 * @param name unique per agent on this host
 * @param root prefix of every path, for tests
 */
export async function delegateCgroups(name: string, user: SystemUser, root = ""): Promise<DelegatedCgroups> {
  const nothing = (missing: string): DelegatedCgroups => ({
    delegation: null,
    missing,
    adopt: () => Promise.resolve(),
    release: () => Promise.resolve(),
  });
  const mounts = await findCgroupMounts(root);
  const version = usableVersion(mounts);
  try {
    if (version === "v1") return await delegateV1(name, user, mounts.v1, root);
    if (version === "v2" && mounts.unified !== null)
      return await delegateV2(name, user, mounts.unified.directory, root);
  } catch (error) {
    return nothing(
      `Cgroups cannot be delegated here (${error instanceof Error ? error.message : String(error)}): memory is limited per process and watched, CPU is not limited.`,
    );
  }
  return nothing(
    "This host has no cgroup controllers for memory, pids and cpu: memory is limited per process and watched, CPU is not limited.",
  );
}

async function delegateV1(
  name: string,
  user: SystemUser,
  mounts: ReadonlyMap<string, string>,
  root: string,
): Promise<DelegatedCgroups> {
  const own = parseOwnCgroups(await readFile(`${root}/proc/self/cgroup`, "utf8"));
  const make = async (controller: string): Promise<string> => {
    const directory = join(root, mounts.get(controller) ?? "", own.get(controller) ?? "/", name);
    await mkdir(directory, { recursive: true });
    await chown(directory, user.uid, user.gid);
    return directory;
  };
  const delegation = {
    version: "v1" as const,
    memory: await make("memory"),
    pids: await make("pids"),
    cpu: await make("cpu"),
  };
  const directories = [...new Set([delegation.memory, delegation.pids, delegation.cpu])];
  return { delegation, missing: null, adopt: () => Promise.resolve(), release: () => removeEmpty(directories) };
}

async function delegateV2(name: string, user: SystemUser, mount: string, root: string): Promise<DelegatedCgroups> {
  const top = join(root, mount);
  const directory = join(top, name);
  await writeFile(join(top, "cgroup.subtree_control"), "+memory +pids +cpu");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "cgroup.subtree_control"), "+memory +pids +cpu");
  await mkdir(join(directory, AGENT), { recursive: true });
  // The kernel's rule for delegation: who moves a process must be able to write here, the common ancestor.
  for (const file of ["", "cgroup.procs", "cgroup.subtree_control", "cgroup.threads"])
    await chown(join(directory, file), user.uid, user.gid);
  return {
    delegation: { version: "v2", directory },
    missing: null,
    adopt: (pid) => writeFile(join(directory, AGENT, "cgroup.procs"), String(pid)),
    release: () => removeEmpty([directory]),
  };
}

/** Removes each tree of cgroups from below as far as it is empty: rmdir refuses where processes or children are. */
async function removeEmpty(directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory()) await rmdir(join(directory, entry.name)).catch(() => undefined);
    }
    await rmdir(directory).catch(() => undefined);
  }
}
