import type { Clock } from "@corepool/core/ports/clock";
import type { Runtime } from "@corepool/core/ports/runtime";
import type { Journal } from "./journal.ts";
import type { Log } from "./ports.ts";
import { messageOf } from "./prepare.ts";
import type { SlotPool } from "./slots.ts";

const AGAIN_MS = 10_000;

interface StrangerDeps {
  readonly runtime: Pick<Runtime, "list" | "attach">;
  readonly journal: Pick<Journal, "attempts">;
  readonly slots: Pick<SlotPool, "adopt" | "release">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Destroys sandboxes that no attempt owns: an earlier agent was killed between wiping and forgetting. One that cannot be
 * destroyed now (a busy host takes its time to let go of a cgroup) keeps its slot and is tried again in the background;
 * it must not keep the agent from its other work. Resolves, once every one was tried, with how to wait for the rest.
 */
export async function destroyStrangers(
  deps: StrangerDeps,
  signal: AbortSignal,
): Promise<{ readonly rest: Promise<void> }> {
  const { runtime, journal, slots, clock, log } = deps;
  const destroy = async (id: string): Promise<boolean> => {
    try {
      const handle = await runtime.attach(id);
      if (handle !== null) slots.adopt(handle.slot, id);
      await handle?.destroy();
      slots.release(id);
      return true;
    } catch (error) {
      log.error("sandbox.not-destroyed", { sandbox: id, detail: messageOf(error) });
      return false;
    }
  };
  const left: string[] = [];
  for (const id of await runtime.list()) {
    if (journal.attempts.has(id)) continue;
    log.warn("sandbox.without-attempt", { sandbox: id });
    if (!(await destroy(id))) left.push(id);
  }
  const persist = async (id: string): Promise<void> => {
    do await clock.sleep(AGAIN_MS, signal).catch(() => undefined);
    while (!signal.aborted && !(await destroy(id)));
  };
  return { rest: Promise.all(left.map(persist)).then(() => undefined) };
}
