import type { GpuDevice, Resources } from "./resources.ts";

/**
 * A suggested price for a unit: what comparable hardware rents for, in millionths of a dollar per hour. It is a place
 * to start from, nothing more: the provider signs whatever rate he likes.
 */
const CPU_CORE = 10_000n;
const MEMORY_GIB = 2_000n;
const DISK_GIB = 50n;
/** A GPU that the table does not know: by its memory. */
const GPU_MEMORY_GIB = 12_000n;

/** Matched against the upper-case model name, first hit wins; the longer names stand first. */
const GPUS: readonly (readonly [string, bigint])[] = [
  ["GB200", 5_500_000n],
  ["B200", 4_500_000n],
  ["GH200", 2_600_000n],
  ["H200", 3_000_000n],
  ["H100", 2_300_000n],
  ["A100", 1_300_000n],
  ["L40S", 900_000n],
  ["L40", 800_000n],
  ["A6000", 600_000n],
  ["A40", 450_000n],
  ["L4", 450_000n],
  ["A10", 400_000n],
  ["V100", 350_000n],
  ["T4", 200_000n],
  ["RTX 5090", 650_000n],
  ["RTX 4090", 400_000n],
  ["RTX 3090", 220_000n],
];

const GIB = 2n ** 30n;
const SECONDS_PER_HOUR = 3_600n;
const MICROS = 1_000_000n;

function gpuPrice(gpu: GpuDevice): bigint {
  const model = gpu.model.toUpperCase();
  const known = GPUS.find(([name]) => model.includes(name));
  return known?.[1] ?? (BigInt(gpu.memoryBytes) * GPU_MEMORY_GIB) / GIB;
}

/**
 * Suggested rate of a unit in base units per second, rounded up and at least 1.
 * @param resources what the unit offers
 * @param decimals of the token, one whole unit of which is taken for a dollar
 */
export function suggestRate(resources: Resources, decimals: number): bigint {
  const microsPerHour =
    BigInt(resources.cpus) * CPU_CORE +
    (BigInt(resources.memoryBytes) * MEMORY_GIB) / GIB +
    (BigInt(resources.diskBytes) * DISK_GIB) / GIB +
    resources.gpus.reduce((sum, gpu) => sum + gpuPrice(gpu), 0n);
  const divisor = MICROS * SECONDS_PER_HOUR;
  const rate = (microsPerHour * 10n ** BigInt(decimals) + divisor - 1n) / divisor;
  return rate < 1n ? 1n : rate;
}
