import type { Clock } from "@corepool/core/ports/clock";
import type { Logger } from "pino";

const EVERY_MS = 60_000;

/** Drops expired rows once a minute until the signal is aborted; resolves then. Several processes may do it at once. */
export async function housekeeping(parts: {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly forget: readonly { forgetExpired(): Promise<void> }[];
}): Promise<void> {
  while (!parts.signal.aborted) {
    for (const store of parts.forget) {
      await store.forgetExpired().catch((error: unknown) => parts.log.warn({ err: error }, "housekeeping failed"));
    }
    await parts.clock.sleep(EVERY_MS, parts.signal).catch(() => undefined);
  }
}
