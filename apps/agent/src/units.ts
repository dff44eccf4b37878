import type { Hex } from "@corepool/core/hex";
import type { Isolation, RuntimeCapabilities } from "@corepool/core/ports/runtime";
import type { UnitSpec } from "@corepool/protocol/spec";
import type { HostInventory } from "./ports.ts";

export interface UnitSettings {
  readonly machine: Hex;
  /** Slices besides the whole machine; `auto`: one per core. */
  readonly slices: number | "auto";
  /** The number of the whole machine's unit; slices follow. A provider with several machines gives each its own range. */
  readonly firstUnit: number;
  readonly intervalSeconds: number;
  readonly holdSeconds: number;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const MOST_SLICES = 255;

/** Memory that the host keeps: a tenth, at least 256 MiB. */
const offeredMemory = (bytes: number): number =>
  Math.max(16 * MIB, bytes - Math.max(256 * MIB, Math.floor(bytes / 10)));

const wholeGib = (bytes: number): number => (bytes < GIB ? Math.floor(bytes) : Math.floor(bytes / GIB) * GIB);
const wholeMib = (bytes: number): number => Math.max(1, Math.floor(bytes / MIB)) * MIB;

/**
 * What this machine offers: all of it as one unit, and where it has several cores also slices of one core each, with an
 * equal share of memory and disk. Device lists make the overlap visible. A slice needs a workspace of its own.
 */
export function unitsOf(
  host: HostInventory,
  isolation: Isolation,
  slots: RuntimeCapabilities["slots"],
  settings: UnitSettings,
): readonly UnitSpec[] {
  const memory = offeredMemory(host.memoryBytes);
  // Rounded, so that a unit's specification does not change with every file that comes and goes.
  const disk = wholeGib(host.diskFreeBytes * 0.9);
  const largest = Math.max(...slots.map(({ diskBytes }) => diskBytes ?? disk));
  const cores = Array.from({ length: host.cpus }, (_, core) => `cpu:${core}`);
  const unit = (number: number, devices: readonly string[], shares: number): UnitSpec => ({
    version: 1,
    machine: settings.machine.toLowerCase(),
    unit: settings.firstUnit + number,
    resources: {
      cpus: devices.length,
      memoryBytes: wholeMib(memory / shares),
      diskBytes: wholeMib(Math.min(largest, disk / shares)),
      // The sandbox passes no device on, so GPUs that the host has are not offered.
      gpus: [],
    },
    devices: [...devices],
    isolation: { ...isolation, weaknesses: [...isolation.weaknesses] },
    platform: {
      os: host.os.slice(0, 40),
      arch: host.arch.slice(0, 40),
      kernel: host.kernel.slice(0, 120),
      cpuModel: host.cpuModel.slice(0, 120),
    },
    software: [...host.software],
    intervalSeconds: settings.intervalSeconds,
    holdSeconds: settings.holdSeconds,
    pool: "open",
  });
  const wanted = settings.slices === "auto" ? host.cpus : settings.slices;
  const count = Math.min(wanted, host.cpus, slots.length, MOST_SLICES);
  const slices = count < 2 ? [] : cores.slice(0, count).map((core, i) => unit(i + 1, [core], count));
  return [unit(0, cores, 1), ...slices];
}
