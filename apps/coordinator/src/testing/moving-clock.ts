import type { Clock } from "@corepool/core/ports/clock";
import { systemClock } from "../platform/adapters/system-clock.ts";

/** The machine's clocks, moved by as much as a test says. Sleeping takes real time. */
export function movingClock(): Clock & { advance(ms: number): void; set(ms: number): void } {
  let ahead = 0;
  let wrong = 0;
  return {
    now: () => systemClock.now() + ahead + wrong,
    monotonic: () => systemClock.monotonic() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    /** Time passes. */
    advance(ms) {
      ahead += ms;
    },
    /** The wall clock is set so far ahead of, or (negative) behind, where it would be. */
    set(ms) {
      wrong = ms;
    },
  };
}
