import type { Clock } from "@corepool/core/ports/clock";

/**
 * The chain's time, as far as this machine knows it: the wall clock, or what the chain was last seen to say and the time
 * that has passed since by the monotonic clock, whichever is later. A clock that is behind, or was set back, would take
 * honest notes for too large and ended leases for live ones; and one that was behind and is put right must not stay
 * ahead by as much for ever.
 */
export class ChainTime {
  readonly #clock: Clock;
  /** What the chain's clock said, at the least, when the monotonic one stood at zero. */
  #originMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds since the epoch. */
  now(): number {
    return Math.floor(Math.max(this.#clock.now(), this.#originMs + this.#clock.monotonic()) / 1000);
  }

  /** The chain was at least at this time, seconds since the epoch. */
  seen(timestamp: number): void {
    this.#originMs = Math.max(this.#originMs, timestamp * 1000 - this.#clock.monotonic());
  }
}
