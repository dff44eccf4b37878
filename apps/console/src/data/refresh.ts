import { hashKey, type QueryClient } from "@tanstack/react-query";

/** How long keys are gathered before they are read, in ms: a busy account's events come in bursts. */
const WINDOW_MS = 100;

/** Reads answers anew that events have made old. */
export interface Refresh {
  /** Marks the answers under these keys as old, at once, and has those that are on screen read soon. */
  readonly touch: (keys: readonly (readonly unknown[])[]) => void;
}

/**
 * Gathers what is old, and reads each once, however many events there were. The next round begins when the last has ended:
 * a stream that is faster than the answers cannot start them over and over. `wait` resolves after that many ms.
 */
export function createRefresh(
  cache: QueryClient,
  wait: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Refresh {
  const old = new Map<string, readonly unknown[]>();
  let reading = false;
  const again = async (queryKey: readonly unknown[]): Promise<void> => {
    const which = { queryKey, type: "active" } as const;
    // A read that began before the event may bring the old answer. It is begun again, but for the first one of all,
    // which nothing cuts short.
    const first = cache.getQueryCache().findAll({
      ...which,
      fetchStatus: "fetching",
      predicate: ({ state }) => state.data === undefined,
    });
    await cache.refetchQueries(which);
    if (first.length > 0) await cache.refetchQueries(which);
  };
  const read = async (): Promise<void> => {
    reading = true;
    while (old.size > 0) {
      await wait(WINDOW_MS);
      const keys = [...old.values()];
      old.clear();
      await Promise.all(keys.map(again));
    }
    reading = false;
  };
  return {
    touch: (keys) => {
      for (const queryKey of keys) {
        void cache.invalidateQueries({ queryKey, refetchType: "none" });
        old.set(hashKey(queryKey), queryKey);
      }
      if (!reading) void read();
    },
  };
}
