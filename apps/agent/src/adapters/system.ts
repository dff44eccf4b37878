import { randomBytes } from "node:crypto";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, ms);
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

/** The system's own source of unpredictable bytes. */
export const systemRandom: Random = { bytes: (count) => randomBytes(count) };
