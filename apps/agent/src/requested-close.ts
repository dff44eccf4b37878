import type { AttemptDeps } from "./attempt-deps.ts";
import { leaseNow } from "./lease-now.ts";
import { messageOf } from "./prepare.ts";

/** How often the chain is asked. The contract takes no close window below a minute. */
const LOOK_MS = 10_000;

/**
 * Watches the lease of a workload that runs. Resolves with true once the chain shows that its close was requested, or
 * that it is over: what is served from then on may never be paid, and what was served must reach the chain before the
 * window is over. The coordinator may keep silent about either. Resolves with false when `over` aborts.
 */
export async function closeRequested(id: string, deps: AttemptDeps, over: AbortSignal): Promise<boolean> {
  const { clock, journal, log } = deps;
  while (!over.aborted) {
    const { terms, lease } = journal.record(id).assignment;
    try {
      const now = await leaseNow(terms, lease, deps);
      if (now.state === "over" || (now.state === "live" && now.terms.closeAt !== 0)) {
        log.info("lease.close-requested", { attempt: id, lease, over: now.state === "over" });
        return true;
      }
    } catch (error) {
      log.warn("chain.unavailable", { attempt: id, detail: messageOf(error) });
    }
    // The end of the workload ends the wait.
    await clock.sleep(LOOK_MS, over).catch(() => undefined);
  }
  return false;
}
