import { access, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxLimits } from "@corepool/core/ports/runtime";
import { type CgroupBackend, type CgroupDelegation, CPU_PERIOD, OWN_PROCESSES, type SandboxCgroup } from "./backend.ts";
import { readKeyed, readNumber, removeCgroup, writeValue } from "./files.ts";

type Delegation = Extract<CgroupDelegation, { version: "v1" }>;

/** Limits in three hierarchies, as hosts with cgroup v1 (or a hybrid) mount them. */
export function cgroupV1(delegation: Delegation): CgroupBackend {
  const open = (id: string): SandboxCgroup => {
    const [memory, pids, cpu] = [join(delegation.memory, id), join(delegation.pids, id), join(delegation.cpu, id)];
    const members = async (): Promise<number[]> => {
      const text = await readFile(join(pids, "cgroup.procs"), "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "" && line !== "0")
        .map(Number);
    };
    return {
      // By `tasks`, not `cgroup.procs`: one thread that moves itself spares the kernel a wait of 5 to 15 ms.
      join: [...new Set([memory, pids, cpu])].map((directory) => join(directory, "tasks")),
      async usage() {
        return {
          memoryBytes: await readNumber(join(memory, "memory.usage_in_bytes")),
          peakBytes: await readNumber(join(memory, "memory.max_usage_in_bytes")),
          oomKills: await readKeyed(join(memory, "memory.oom_control"), "oom_kill"),
        };
      },
      async kill() {
        // v1 has no atomic kill: without new processes the list can only shrink.
        await writeValue(join(pids, "pids.max"), 0).catch(() => undefined);
        for (let attempt = 0; attempt < 200; attempt++) {
          const list = await members();
          if (list.length === 0) return;
          for (const pid of list) {
            try {
              process.kill(pid, "SIGKILL");
            } catch {
              // It ended by itself meanwhile.
            }
          }
          await sleep(5);
        }
      },
      async remove() {
        for (const directory of new Set([memory, pids, cpu])) await removeCgroup(directory);
      },
    };
  };
  return {
    version: "v1",
    open,
    async create(id: string, limits: SandboxLimits) {
      const [memory, pids, cpu] = [join(delegation.memory, id), join(delegation.pids, id), join(delegation.cpu, id)];
      for (const directory of new Set([memory, pids, cpu])) await mkdir(directory, { recursive: true });
      await writeValue(join(memory, "memory.limit_in_bytes"), limits.memoryBytes);
      // Memory and swap together; the file is missing where the kernel does not account swap.
      const swap = join(memory, "memory.memsw.limit_in_bytes");
      if (
        await access(swap).then(
          () => true,
          () => false,
        )
      )
        await writeValue(swap, limits.memoryBytes);
      await writeValue(join(pids, "pids.max"), limits.pids + OWN_PROCESSES);
      await writeValue(join(cpu, "cpu.cfs_period_us"), CPU_PERIOD);
      await writeValue(join(cpu, "cpu.cfs_quota_us"), Math.max(1000, Math.round(limits.cpus * CPU_PERIOD)));
      return open(id);
    },
  };
}
