import type { Clock } from "@corepool/core/ports/clock";

/**
 * The chain's time, as far as this machine knows it: its own clock, moved forward when the chain was seen to be ahead.
 * A clock that is behind would take honest notes for too large and live leases for not begun.
 */
export class ChainTime {
  readonly #clock: Clock;
  #aheadSeconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds since the epoch. */
  now(): number {
    return Math.floor(this.#clock.now() / 1000) + this.#aheadSeconds;
  }

  /** The chain was at least at this time, seconds since the epoch. */
  seen(timestamp: number): void {
    const ahead = timestamp - Math.floor(this.#clock.now() / 1000);
    if (ahead > this.#aheadSeconds) this.#aheadSeconds = ahead;
  }
}
