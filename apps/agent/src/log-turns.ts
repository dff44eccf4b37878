import type { Clock } from "@corepool/core/ports/clock";

/** Messages of logs, of all jobs together, that wait for their answers at once. */
const MOST_MESSAGES = 64;
/** The same in bytes of log, but for the last message: what anything else on the line may have to wait behind. */
const MOST_BYTES = 256 * 1024;
/** A message that has no answer after so long holds nobody else back. */
const HELD_MS = 2_000;

/** A message on its way; given back when it is answered. */
export interface Turn {
  readonly giveBack: () => void;
}

interface Taken extends Turn {
  readonly at: number;
  bytes: number;
}

/** Sends one message with its turn and says how many bytes of log it carries; 0 when there is nothing to send any more. */
export type Go = (turn: Turn) => number;

/**
 * Fair turns for the logs of all jobs on one line. The coordinator takes messages one by one: whatever is under way for
 * logs is what a state message, or the log of another job, waits behind. So little is, and whoever wants to send more
 * goes to the end of the queue: a job that floods slows down itself.
 */
export class LogTurns {
  readonly #clock: Clock;
  readonly #taken = new Set<Taken>();
  readonly #waiting: Go[] = [];
  #bytes = 0;
  /** Whoever has his turn asks for the next at once: it comes after those who waited. */
  #serving = false;
  #looking = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `go` when it is its turn: at once when nobody is before it. Ask again for the next message. */
  ask(go: Go): void {
    this.#waiting.push(go);
    this.#serve();
  }

  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    while (this.#taken.size < MOST_MESSAGES && this.#bytes < MOST_BYTES) {
      const go = this.#waiting.shift();
      if (go === undefined) break;
      const turn: Taken = { at: this.#clock.monotonic(), bytes: 0, giveBack: () => this.#giveBack(turn) };
      this.#taken.add(turn);
      const bytes = go(turn);
      if (bytes === 0) this.#taken.delete(turn);
      if (!this.#taken.has(turn)) continue;
      turn.bytes = bytes;
      this.#bytes += bytes;
    }
    this.#serving = false;
    if (this.#waiting.length > 0) void this.#lookForSilence();
  }

  #giveBack(turn: Taken): void {
    if (!this.#taken.delete(turn)) return;
    this.#bytes -= turn.bytes;
    this.#serve();
  }

  /** While somebody waits: the oldest turn ends by itself when its answer does not come. */
  async #lookForSilence(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#waiting.length > 0) {
      const [oldest] = this.#taken;
      if (oldest === undefined) break;
      await this.#clock.sleep(Math.max(1, oldest.at + HELD_MS - this.#clock.monotonic()));
      for (const turn of [...this.#taken]) if (turn.at + HELD_MS <= this.#clock.monotonic()) turn.giveBack();
    }
    this.#looking = false;
  }
}
