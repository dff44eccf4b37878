import type { GpuDevice } from "@corepool/core/resources";

/** Pure parsing of what a host's tools print. Nothing here is believed by anyone: capacity is shown by checks. */

const MIB = 2 ** 20;
const MOST_GPUS = 64;

/** GPUs from `nvidia-smi --query-gpu=uuid,name,memory.total --format=csv,noheader,nounits`. Odd lines are left out. */
export function parseNvidiaSmi(csv: string): readonly GpuDevice[] {
  const gpus: GpuDevice[] = [];
  for (const line of csv.split("\n")) {
    const fields = line.split(",").map((field) => field.trim());
    const [id = "", ...rest] = fields;
    const memory = Number(rest.at(-1));
    // A model's name may hold commas; the memory is last.
    const model = rest.slice(0, -1).join(", ");
    if (!/^GPU-[0-9a-f-]{8,}$/i.test(id) || model === "" || !Number.isSafeInteger(memory) || memory <= 0) continue;
    gpus.push({ id, model: model.slice(0, 80), memoryBytes: memory * MIB });
  }
  return gpus.slice(0, MOST_GPUS);
}

/** The processor's name from /proc/cpuinfo. */
export function parseCpuModel(cpuinfo: string): string | undefined {
  return /^(?:model name|Model|Hardware)\s*:\s*(.+)$/m.exec(cpuinfo)?.[1]?.trim();
}

/** The limit in a cgroup's memory.max or memory.limit_in_bytes; undefined where there is none. */
export function parseMemoryLimit(text: string): number | undefined {
  const bytes = Number(text.trim());
  // Version 1 writes a number near 2^63 for "no limit".
  return Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 60 ? bytes : undefined;
}
