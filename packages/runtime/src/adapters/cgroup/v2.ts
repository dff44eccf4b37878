import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { SandboxLimits } from "@corepool/core/ports/runtime";
import { type CgroupBackend, type CgroupDelegation, CPU_PERIOD, OWN_PROCESSES, type SandboxCgroup } from "./backend.ts";
import { readKeyed, readNumber, removeCgroup, writeValue } from "./files.ts";

type Delegation = Extract<CgroupDelegation, { version: "v2" }>;

/** Limits in the unified hierarchy; the delegated directory has memory, pids and cpu in its subtree_control. */
export function cgroupV2(delegation: Delegation): CgroupBackend {
  const open = (id: string): SandboxCgroup => {
    const directory = join(delegation.directory, id);
    return {
      join: [join(directory, "cgroup.procs")],
      async usage() {
        return {
          memoryBytes: await readNumber(join(directory, "memory.current")),
          peakBytes: await readNumber(join(directory, "memory.peak")),
          oomKills: await readKeyed(join(directory, "memory.events"), "oom_kill"),
        };
      },
      async kill() {
        await writeValue(join(directory, "cgroup.kill"), 1).catch(() => undefined);
      },
      remove: () => removeCgroup(directory),
    };
  };
  return {
    version: "v2",
    open,
    async create(id: string, limits: SandboxLimits) {
      const directory = join(delegation.directory, id);
      await mkdir(directory, { recursive: true });
      await writeValue(join(directory, "memory.max"), limits.memoryBytes);
      await writeValue(join(directory, "memory.swap.max"), 0).catch(() => undefined);
      await writeValue(join(directory, "pids.max"), limits.pids + OWN_PROCESSES);
      await writeValue(
        join(directory, "cpu.max"),
        `${Math.max(1000, Math.round(limits.cpus * CPU_PERIOD))} ${CPU_PERIOD}`,
      );
      return open(id);
    },
  };
}
