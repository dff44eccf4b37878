import type { SandboxLimits } from "@corepool/core/ports/runtime";

/** What was delegated to the agent: directories in which it may make cgroups. */
export type CgroupDelegation =
  | { readonly version: "v1"; readonly memory: string; readonly pids: string; readonly cpu: string }
  | { readonly version: "v2"; readonly directory: string };

/** The cgroup (or, in v1, the set of them) of one sandbox. */
export interface SandboxCgroup {
  /** Files to which a process with one thread writes "0" in order to join. */
  readonly join: readonly string[];
  /** Memory in use now and at most, bytes; processes that the kernel killed for memory. */
  usage(): Promise<{ readonly memoryBytes: number; readonly peakBytes: number; readonly oomKills: number }>;
  /** Kills every process in it, those being forked too. */
  kill(): Promise<void>;
  /** Removes it; it must be empty of processes, or become so within two seconds. */
  remove(): Promise<void>;
}

export interface CgroupBackend {
  readonly version: "v1" | "v2";
  create(id: string, limits: SandboxLimits): Promise<SandboxCgroup>;
  /** The cgroup made earlier under this id, whether it still exists or not. */
  open(id: string): SandboxCgroup;
}

/** Processes of ours in the sandbox beside the workload: bwrap's monitor and init. */
export const OWN_PROCESSES = 2;
/** Length of a CPU quota's period, microseconds. */
export const CPU_PERIOD = 100_000;
