import { bad } from "./errors.ts";

/** A whole device, in thousandths: how shares of it are counted. */
export const WHOLE = 1_000;

/** What one worker takes of a machine. CPUs in thousandths of a core, memory and disk in MiB. */
export interface Demand {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly diskMib: number;
  /** How many devices. */
  readonly gpus: number;
  /** Thousandths of each: less than a whole one only of a single device; 0 without devices. */
  readonly gpuMilli: number;
  /** Any of these models; undefined: any at all. */
  readonly models?: readonly string[] | undefined;
  /** Least memory of each device, in MiB. */
  readonly gpuMemoryMib?: number | undefined;
  /** All devices in one interconnect group. */
  readonly together?: boolean | undefined;
}

/** A device as placement counts it. */
export interface Device {
  readonly model: string;
  readonly memoryMib: number;
  /** Whether it may be leased in shares. */
  readonly shareable: boolean;
  /** Devices of one group reach each other without the machine's bus; -1: reaches none. */
  readonly group: number;
}

/** All that a machine can give. */
export interface Capacity {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly diskMib: number;
  readonly devices: readonly Device[];
}

/** More than any machine has: what is beyond is a slip, and would no longer be counted exactly. */
const MOST = 2 ** 40;
const MOST_DEVICES = 1_024;

function refuse(field: string, wanted: string, got: unknown): never {
  throw bad(`${field} must be ${wanted}, not ${String(got)}.`, `Correct ${field}; nothing has changed.`, { field });
}

/** @throws CorepoolError `bad-request` unless it is a whole number of 0 to `most` */
export function checkCount(field: string, value: number, most = MOST): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) refuse(field, `a whole number of 0 to ${most}`, value);
}

const checkScalars = (of: Pick<Demand, "cpuMilli" | "memoryMib" | "diskMib">): void => {
  for (const field of ["cpuMilli", "memoryMib", "diskMib"] as const) checkCount(field, of[field]);
};

/** @throws CorepoolError `bad-request` when a number is none, absurd, or they do not go together */
export function checkDemand(demand: Demand): void {
  checkScalars(demand);
  checkCount("gpus", demand.gpus, MOST_DEVICES);
  checkCount("gpuMilli", demand.gpuMilli, WHOLE);
  if (demand.gpuMemoryMib !== undefined) checkCount("gpuMemoryMib", demand.gpuMemoryMib);
  if (demand.models?.length === 0) refuse("models", "left out, or name at least one model", "empty");
  if (demand.gpus === 0 && demand.gpuMilli !== 0) refuse("gpuMilli", "0 without devices", demand.gpuMilli);
  if (demand.gpus === 1 && demand.gpuMilli === 0) refuse("gpuMilli", "above 0 for a device", demand.gpuMilli);
  if (demand.gpus > 1 && demand.gpuMilli !== WHOLE)
    refuse("gpuMilli", `${WHOLE} for more than one device`, demand.gpuMilli);
}

/** @throws CorepoolError `bad-request` when a number is none or absurd, or a device has no model */
export function checkCapacity(capacity: Capacity): void {
  checkScalars(capacity);
  checkCount("devices", capacity.devices.length, MOST_DEVICES);
  for (const device of capacity.devices) {
    checkCount("memoryMib", device.memoryMib);
    if (device.model === "") refuse("model", "a name", "empty");
    if (!Number.isSafeInteger(device.group) || device.group < -1)
      refuse("group", "a whole number from -1", device.group);
  }
}

/** Thousandths of devices that it takes in all. */
export const milliOf = ({ gpus, gpuMilli }: Demand): number => gpus * gpuMilli;

/** Whether a device is of a kind that serves the demand, however much of it is free. */
export function serves(device: Device, { gpuMilli, models, gpuMemoryMib = 0 }: Demand): boolean {
  if (gpuMilli < WHOLE && !device.shareable) return false;
  return device.memoryMib >= gpuMemoryMib && (models === undefined || models.includes(device.model));
}

/** The same text for the same demand, and for no other. */
export function keyOf(demand: Demand): string {
  const { cpuMilli, memoryMib, diskMib, gpus, gpuMilli, models, gpuMemoryMib = 0, together = false } = demand;
  const named = models === undefined ? null : [...new Set(models)].sort();
  return JSON.stringify([cpuMilli, memoryMib, diskMib, gpus, gpuMilli, named, gpuMemoryMib, together && gpus > 1]);
}
