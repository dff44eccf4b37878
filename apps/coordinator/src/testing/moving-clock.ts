import type { Clock } from "@corepool/core/ports/clock";
import { systemClock } from "../platform/adapters/system-clock.ts";

/** The machine's clocks, moved ahead by as much as a test says. Sleeping takes real time. */
export function movingClock(): Clock & { advance(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
    advance(ms) {
      ahead += ms;
    },
  };
}
