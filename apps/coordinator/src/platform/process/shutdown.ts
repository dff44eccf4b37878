import type { Clock } from "@corepool/core/ports/clock";
import type { Logger } from "pino";

interface Step {
  readonly name: string;
  readonly end: () => Promise<void> | void;
  /** What this step still waits for, a few words each. */
  readonly open: () => readonly string[];
}

/**
 * Ordered end of a process: what was started last ends first, and all of it within a deadline. A step that hangs is left
 * after half of the time that remains, so that those behind it (closing agents' sockets, the database) have theirs.
 */
export class Shutdown {
  readonly #steps: Step[] = [];
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
  add(name: string, end: () => Promise<void> | void, open: () => readonly string[] = () => []): void {
    this.#steps.push({ name, end, open });
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
    const left: Step[] = [];
    let failed = false;
    for (const [i, step] of this.#steps.reverse().entries()) {
      const remaining = Math.max(0, deadline - this.#clock.monotonic());
      const last = i === this.#steps.length - 1;
      const outcome = await this.#end(step, last ? remaining : remaining / 2);
      if (outcome === "late") {
        left.push(step);
        this.#log.error({ step: step.name, open: step.open() }, "a step of the shutdown took too long and was left");
      } else if (outcome === "failed") failed = true;
    }
    const clean = !failed && left.length === 0;
    const open = left.flatMap(({ name, open }) => [name, ...open().map((what) => `${name}: ${what}`)]);
    this.#log.info({ clean, ...(open.length === 0 ? {} : { open }) }, "stopped");
    return clean;
  }

  async #end({ name, end }: Step, patienceMs: number): Promise<"ended" | "failed" | "late"> {
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
    const late = this.#clock.sleep(patienceMs, done.signal).then(
      () => "late" as const,
      () => "ended" as const,
    );
    const outcome = await Promise.race([ended, late]);
    done.abort();
    return outcome;
  }
}
