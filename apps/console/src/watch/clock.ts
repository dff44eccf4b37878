import type { Clock } from "@corepool/core/ports/clock";
import { systemClock } from "@corepool/sdk/adapters/system";
import workerUrl from "./ticker-worker.ts?worker&url";

interface TrustedTypes {
  readonly createPolicy: (
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ) => { readonly createScriptURL: (url: string) => string };
}

/** The page's policy takes no plain text for a script's address; this one is of our own build. */
function trusted(url: string): string {
  const types = (globalThis as { readonly trustedTypes?: TrustedTypes }).trustedTypes;
  return types === undefined
    ? url
    : types.createPolicy("corepool-ticker", { createScriptURL: () => url }).createScriptURL(url);
}

const LONGEST_MS = 2 ** 31 - 1;

/**
 * The system's clock, whose sleeps are kept by a worker: payment notes must go on every few seconds while the tab is
 * hidden, when the page's own timers ring once a minute. Those ring too, for a worker may fail to load, or end.
 */
export function hiddenClock(): Clock {
  const worker = new Worker(trusted(workerUrl), { type: "module" });
  const sleepers = new Map<number, () => void>();
  let last = 0;
  worker.addEventListener("message", ({ data }: MessageEvent<number>) => sleepers.get(data)?.());
  return {
    ...systemClock,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        const leave = (): void => {
          clearTimeout(own);
          sleepers.delete(id);
          signal?.removeEventListener("abort", abort);
        };
        const abort = (): void => {
          leave();
          reject(signal?.reason instanceof Error ? signal.reason : new DOMException("It was aborted.", "AbortError"));
        };
        const wake = (): void => {
          leave();
          resolve();
        };
        const within = Math.min(Math.max(0, ms), LONGEST_MS);
        const own = setTimeout(wake, within);
        if (signal?.aborted === true) return abort();
        sleepers.set(id, wake);
        signal?.addEventListener("abort", abort, { once: true });
        worker.postMessage({ id, ms: within });
      }),
  };
}
