import type { Clock } from "@corepool/core/ports/clock";

/** Counts the time a workload was served: stands still while it is frozen. Milliseconds, monotonic. */
export class ServedClock {
  readonly #clock: Clock;
  #counted: number;
  #runningSince: number | undefined;

  /** @param counted where to start, e.g. at what is paid already after a restart of the agent */
  constructor(clock: Clock, counted: number, running: boolean) {
    this.#clock = clock;
    this.#counted = counted;
    this.#runningSince = running ? clock.monotonic() : undefined;
  }

  elapsedMs(): number {
    const running = this.#runningSince === undefined ? 0 : this.#clock.monotonic() - this.#runningSince;
    return this.#counted + running;
  }

  pause(): void {
    this.#counted = this.elapsedMs();
    this.#runningSince = undefined;
  }

  resume(): void {
    this.#runningSince ??= this.#clock.monotonic();
  }
}
