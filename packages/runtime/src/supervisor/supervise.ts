import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, chown, mkdir, realpath, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { MissingCapability } from "@corepool/core/ports/runtime";
import type { Preparation } from "../adapters/bubblewrap/preparation.ts";
import { initProcess, listRunDirectories, readMeta, runDirectory } from "../adapters/bubblewrap/run-directory.ts";
import { delegateCgroups } from "./cgroups.ts";
import { copyRuntime, pruneCopies } from "./runtime-copy.ts";
import { ensureUser, type SystemUser } from "./user.ts";
import { prepareWorkspaces } from "./workspaces.ts";

export interface HostOptions {
  /** Names this agent on the host: its state and cgroups are kept under a hash of it. */
  readonly state: string;
  readonly slots: number;
  /** Size of each workspace, bytes. */
  readonly slotBytes: number;
  /** Root-owned directory that ordinary users can pass through; a closed home cannot hold the agent's state. */
  readonly base?: string;
  readonly userName?: string;
}

export interface PreparedHost {
  readonly user: SystemUser;
  readonly preparation: Preparation;
  /** The preparation as JSON, for the agent to read. */
  readonly preparationFile: string;
  readonly base: string;
  adopt(pid: number): Promise<void>;
  /** Undoes what no living sandbox needs. Safe to call while sandboxes run: the next supervisor finds them. */
  release(): Promise<void>;
}

/** Everything that needs root, done before the agent starts: its user, cgroups, workspaces, directories. */
export async function prepareHost(options: HostOptions): Promise<PreparedHost> {
  if (process.getuid?.() !== 0)
    throw new CorepoolError("setup-failed", { detail: "Only root can prepare a host for the agent." });
  const base = options.base ?? "/var/lib/corepool";
  const user = await ensureUser(options.userName ?? "corepool-agent");
  await mkdir(options.state, { recursive: true, mode: 0o700 });
  const key = createHash("sha256")
    .update(await realpath(options.state))
    .digest("hex")
    .slice(0, 12);
  const home = join(base, key);
  for (const directory of [base, home, join(home, "workspaces")]) {
    await mkdir(directory, { recursive: true });
    await chmod(directory, 0o755);
  }
  const stateDirectory = join(home, "agent");
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
  await chown(stateDirectory, user.uid, user.gid);
  const cgroups = await delegateCgroups(`corepool-${key}`, user);
  const workspaces = await prepareWorkspaces(home, options.slots, options.slotBytes, user);
  const missing: MissingCapability[] = workspaces.missing === null ? [] : [workspaces.missing];
  if (cgroups.missing !== null) missing.push({ what: "cgroup", line: cgroups.missing, fatal: false });
  const preparation: Preparation = {
    version: 1,
    user: "dedicated",
    stateDirectory,
    cgroup: cgroups.delegation,
    slots: workspaces.slots,
    missing,
  };
  const preparationFile = join(home, "preparation.json");
  await writeFile(preparationFile, JSON.stringify(preparation, null, 2));
  await chmod(preparationFile, 0o644);

  const slotsInUse = async (): Promise<Set<string>> => {
    const used = new Set<string>();
    for (const id of await listRunDirectories(stateDirectory)) {
      const run = runDirectory(stateDirectory, id);
      if ((await initProcess(run, id)) === null) continue;
      used.add((await readMeta(run))?.slot ?? "");
    }
    return used;
  };
  return {
    user,
    preparation,
    preparationFile,
    base,
    adopt: (pid) => cgroups.adopt(pid),
    async release() {
      const used = await slotsInUse();
      await workspaces.release((slot) => Promise.resolve(used.has(slot)));
      await cgroups.release();
    },
  };
}

export interface AgentOptions {
  readonly repository: string;
  /** Package and file to run within the repository. */
  readonly workspace: string;
  readonly entry: string;
  readonly args: readonly string[];
  /** The agent's whole environment; the supervisor's own is not passed on. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its standard streams go; the supervisor's own by default. */
  readonly stdio?: "inherit" | "pipe";
}

/**
 * Starts the agent under its own user, for good: no privilege can be gained back (no-new-privs, empty bounding set),
 * no group of root's is kept, no descriptor beyond the standard three is passed on, and it ends with its supervisor.
 */
export async function startAgent(host: PreparedHost, options: AgentOptions): Promise<ChildProcess> {
  const copies = join(host.base, "runtime");
  await mkdir(copies, { recursive: true });
  await chmod(copies, 0o755);
  const copy = await copyRuntime(options.repository, options.workspace, copies);
  await pruneCopies(copies, copy);
  const { uid, gid } = host.user;
  const child = spawn(
    "/usr/bin/setpriv",
    [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      "--clear-groups",
      "--no-new-privs",
      "--bounding-set=-all",
      "--inh-caps=-all",
      "--pdeathsig=TERM",
      copy.node,
      join(copy.directory, options.workspace, options.entry),
      ...options.args,
    ],
    {
      cwd: "/",
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        LANG: "C.UTF-8",
        ...options.env,
        COREPOOL_PREPARATION: host.preparationFile,
      },
      stdio: options.stdio ?? "inherit",
    },
  );
  if (child.pid !== undefined) await host.adopt(child.pid);
  return child;
}
