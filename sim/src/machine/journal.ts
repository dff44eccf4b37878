import type { JournalStore } from "@corepool/agent/ports";
import type { SimProcess } from "../world/process.ts";
import type { SeededRandom } from "../world/random.ts";

/** What a disk does; drawn once for a world. */
export interface DiskWeather {
  /** Milliseconds of one sync. */
  syncMs: number;
  /** Chance that a write fails for want of room. */
  full: number;
}

/**
 * A file of lines on one machine's disk. What is appended lies in the system's memory until a sync has come back; a
 * crash keeps any beginning of it, perhaps with its last line torn.
 */
export class SimDisk {
  readonly #random: SeededRandom;
  weather: DiskWeather = { syncMs: 0, full: 0 };
  /** Called when a write is about to be synced, with the milliseconds that takes. */
  onSync: (ms: number) => void = () => undefined;
  #safe: string[] = [];
  #unsafe: string[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /**
   * The power is cut, or the process is killed before its system wrote: of what was not synced a beginning is kept. A
   * line that was torn is no line: readers drop what has no newline behind it.
   */
  crash(): void {
    this.#safe.push(...this.#unsafe.slice(0, this.#random.between(0, this.#unsafe.length)));
    this.#unsafe = [];
  }

  /** The disk as a process reaches it. */
  storeFor(process: SimProcess): JournalStore {
    const synced = async () => {
      const ms = this.weather.syncMs * (0.5 + this.#random.unit());
      this.onSync(ms);
      if (ms > 0) await process.wait(ms, "syncs");
    };
    const room = () => {
      if (this.#random.chance(this.weather.full)) throw new Error("ENOSPC: no space left on device");
    };
    return {
      read: async () => [...this.#safe],
      append: async (lines) => {
        room();
        this.#unsafe.push(...lines);
        await synced();
        this.#safe.push(...this.#unsafe);
        this.#unsafe = [];
      },
      replace: async (lines) => {
        room();
        // Written beside the old one and renamed: a crash has either.
        await synced();
        this.#safe = [...lines];
        this.#unsafe = [];
      },
      close: async () => undefined,
    };
  }
}
