import type { Clock } from "@corepool/core/ports/clock";
import type { Executor } from "./executor.ts";
import type { SeededRandom } from "./random.ts";

/** The wall clock of one host: where it stands, how fast it runs, and how it is set. Monotonic clocks are always right. */
export class HostTime {
  /** Milliseconds by which this host's wall clock was ahead of the world's when it was last set. */
  offsetMs = 0;
  #rate = 1;
  #since = 0;

  /** Milliseconds by which it is ahead, when the world's clock stands at `nowMs`. */
  aheadMs(nowMs: number): number {
    return this.offsetMs + (this.#rate - 1) * (nowMs - this.#since);
  }

  /** From now on it runs `rate` times as fast as it should. */
  run(rate: number, nowMs: number): void {
    this.offsetMs = this.aheadMs(nowMs);
    this.#rate = rate;
    this.#since = nowMs;
  }

  /** It is right again. */
  correct(): void {
    this.offsetMs = 0;
    this.#rate = 1;
  }
}

/** When the world begins, milliseconds since the epoch. */
export const BEGINNING = 1_800_000_000_000;

/**
 * A process: its clock and its chance. When it is killed, nothing that it waits for ever comes, so that it stops in the
 * middle of whatever it did, without running a line more. `killed` tells those who hold something for it.
 */
export class SimProcess {
  readonly name: string;
  readonly random: SeededRandom;
  readonly clock: Clock;
  readonly #executor: Executor;
  readonly #onKill = new Set<() => void>();
  readonly #onPause = new Set<() => void>();
  readonly #held: (() => void)[] = [];
  #alive = true;
  #paused = false;

  constructor(name: string, executor: Executor, time: HostTime, random: SeededRandom) {
    this.name = name;
    this.#executor = executor;
    this.random = random;
    const origin = executor.now;
    this.clock = {
      now: () => Math.floor(BEGINNING + executor.now + time.aheadMs(executor.now)),
      monotonic: () => executor.now - origin,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Stands still, as on SIGSTOP: what comes meanwhile waits. */
  pause(): void {
    this.#paused = true;
    for (const told of this.#onPause) told();
  }

  onPause(told: () => void): void {
    this.#onPause.add(told);
  }

  /** Goes on where it was, with all that came meanwhile. */
  resume(): void {
    this.#paused = false;
    for (const work of this.#held.splice(0)) if (this.#alive) work();
  }

  /** Runs `work` in the process: now, when it goes on, or never. */
  enter(work: () => void): void {
    if (!this.#alive) return;
    if (this.#paused) this.#held.push(work);
    else work();
  }

  kill(): void {
    this.#alive = false;
    for (const told of this.#onKill) told();
    this.#onKill.clear();
  }

  /** Calls back when the process is killed, until the returned function is called. */
  onKill(told: () => void): () => void {
    this.#onKill.add(told);
    return () => this.#onKill.delete(told);
  }

  /** Runs `work` after `ms`, unless the process is dead by then. */
  after(ms: number, label: string, work: () => void): void {
    this.#executor.after(ms, `${this.name} ${label}`, () => this.enter(work));
  }

  /** Resolves after `ms`; never when the process dies first. */
  wait(ms: number, label: string): Promise<void> {
    return new Promise((resolve) => this.after(ms, label, resolve));
  }

  /** What the promise gives, as long as this process lives. */
  async guard<T>(work: Promise<T>): Promise<T> {
    try {
      const value = await work;
      return this.#alive ? value : await never<T>();
    } catch (error) {
      if (this.#alive) throw error;
      return never<T>();
    }
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#alive) return never();
    if (signal === undefined) return this.wait(ms, "wakes");
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const timer = this.#executor.after(ms, `${this.name} wakes`, () => {
        this.enter(() => {
          signal.removeEventListener("abort", aborted);
          resolve();
        });
      });
      const aborted = () => {
        timer.cancel();
        if (this.#alive) reject(signal.reason as Error);
      };
      signal.addEventListener("abort", aborted, { once: true });
    });
  }
}

/** A promise that does not settle: what a dead process waits for. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
