import { chmod, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Preparation } from "./preparation.ts";

export interface OrdinaryOptions {
  /** Private directory of the agent; made if it is missing. */
  readonly stateDirectory: string;
  /** How many workloads may run at once. */
  readonly slots: number;
}

/**
 * What an ordinary user can prepare alone: plain directories that the agent watches, and no cgroups, since nobody
 * delegated any. The offers of such an agent say so.
 */
export async function ordinaryPreparation(options: OrdinaryOptions): Promise<Preparation> {
  await mkdir(options.stateDirectory, { recursive: true, mode: 0o700 });
  await chmod(options.stateDirectory, 0o700);
  const stateDirectory = await realpath(options.stateDirectory);
  const slots: Preparation["slots"] = [];
  for (let i = 0; i < options.slots; i++) {
    const directory = join(stateDirectory, "workspaces", `slot-${i}`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    slots.push({ slot: `slot-${i}`, directory, diskBytes: null });
  }
  return {
    version: 1,
    user: "operator",
    stateDirectory,
    cgroup: null,
    slots,
    missing: [
      {
        what: "cgroup",
        line: "No cgroup was delegated to this user: memory is limited per process and watched, CPU is not limited. Start the agent as root for full limits.",
        fatal: false,
      },
      {
        what: "workspace-quota",
        line: "Workspaces are plain directories: disk use is watched and not enforced by the kernel. Start the agent as root for full limits.",
        fatal: false,
      },
    ],
  };
}
