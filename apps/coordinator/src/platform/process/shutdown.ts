import type { Clock } from "@corepool/core/ports/clock";
import type { Logger } from "pino";

/** Ordered end of a process: what was started last ends first, and all of it within a deadline. */
export class Shutdown {
  readonly #steps: { readonly name: string; readonly end: () => Promise<void> | void }[] = [];
  readonly #stopping = new AbortController();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #deadlineMs: number;
  #running: Promise<boolean> | undefined;

  constructor(clock: Clock, log: Logger, deadlineMs: number) {
    this.#clock = clock;
    this.#log = log;
    this.#deadlineMs = deadlineMs;
  }

  /** Aborted as soon as the end begins. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Registers a step. Steps run one by one in the reverse order of their registration. */
  add(name: string, end: () => Promise<void> | void): void {
    this.#steps.push({ name, end });
  }

  /** Runs every step once, however often it is called. Resolves with whether all ended well and in time. */
  run(reason: string): Promise<boolean> {
    this.#running ??= this.#run(reason);
    return this.#running;
  }

  async #run(reason: string): Promise<boolean> {
    this.#log.info({ reason }, "stopping");
    this.#stopping.abort(new Error(`stopping: ${reason}`));
    const deadline = this.#clock.monotonic() + this.#deadlineMs;
    let clean = true;
    for (const { name, end } of this.#steps.reverse()) {
      const done = new AbortController();
      const ended = Promise.resolve()
        .then(end)
        .then(
          () => "ended" as const,
          (error: unknown) => {
            this.#log.error({ step: name, err: error }, "a step of the shutdown failed");
            return "failed" as const;
          },
        );
      const late = this.#clock.sleep(Math.max(0, deadline - this.#clock.monotonic()), done.signal).then(
        () => "late" as const,
        () => "ended" as const,
      );
      const outcome = await Promise.race([ended, late]);
      done.abort();
      if (outcome === "late") this.#log.error({ step: name }, "a step of the shutdown took too long and was left");
      if (outcome !== "ended") clean = false;
    }
    this.#log.info({ clean }, "stopped");
    return clean;
  }
}
