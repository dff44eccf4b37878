import type { Clock } from "@corepool/core/ports/clock";

/** A bell: `wait` returns when it has been rung since the last wait, or after `ms` at the latest. */
export interface Bell {
  readonly ring: () => void;
  readonly wait: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Makes a bell for one waiter. */
export function createBell(clock: Clock): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: async (ms, signal) => {
      signal?.throwIfAborted();
      if (!rung) {
        const done = new AbortController();
        const sleep = clock.sleep(ms, signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]));
        const heard = new Promise<void>((resolve) => {
          wake = resolve;
        });
        try {
          await Promise.race([sleep, heard]);
        } finally {
          wake = undefined;
          done.abort();
          await sleep.catch(() => undefined);
        }
        signal?.throwIfAborted();
      }
      rung = false;
    },
  };
}
