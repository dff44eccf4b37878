import type { Follower } from "@corepool/chain/follower/follower";
import type { Hex } from "@corepool/core/hex";
import type { ChainWriter } from "@corepool/core/ports/chain";
import type { Jobs } from "@corepool/core/ports/jobs";
import { FAUCET, type Faucet } from "../faucet/faucet.ts";
import { createRelay } from "../leases/relay.ts";
import { collectFees, expireMachines, expireWorkloads, finalizeOverdue } from "../leases/upkeep.ts";
import { relayRegistration } from "../machines/register.ts";
import { orderUnderMandate } from "../mandates/order.ts";
import { MANDATES_WAKE } from "../mandates/topics.ts";
import { type WatchParts, watchOnce } from "../mandates/watch.ts";
import type { Platform } from "../platform/parts.ts";
import { takeProgress } from "./follow.ts";

/** The queue of registrations that agents handed over. */
export const REGISTRATIONS = "registrations";

export interface WorkParts extends WatchParts {
  readonly platform: Pick<Platform, "clock" | "notifier"> & {
    readonly log: Pick<Platform["log"], "warn">;
    readonly jobs: Pick<Jobs, "work">;
  };
  readonly writer: ChainWriter;
  /** Where test funds come from, on a local market. */
  readonly faucet?: Pick<Faucet, "send">;
  readonly follower: Pick<Follower<never>, "status" | "nudge">;
}

const UPKEEP_MS = 2_000;
const PROGRESS_MS = 500;
const WATCH_MS = 500;
const PROJECTED_MS = 3;
const MOST_ORDERS = 20;

/** The market's background work, until `signal` is aborted. Everything it does can be done again. */
export async function runWork(parts: WorkParts, signal: AbortSignal): Promise<void> {
  const { platform, context, store, writer, follower } = parts;
  const { clock, log, notifier } = platform;

  const trouble = (what: string) => (error: unknown) => {
    if (!signal.aborted) log.warn({ err: error }, what);
  };

  /** Runs `round` again and again; a failed round is told and the next one tries anew. `topic` wakes it early. */
  const repeat = async (what: string, ms: number, topic: string | undefined, round: () => Promise<void>) => {
    let wake: () => void = () => undefined;
    const unsubscribe = topic === undefined ? undefined : notifier.subscribe(topic, () => wake());
    while (!signal.aborted) {
      const awake = new AbortController();
      wake = () => awake.abort();
      await round().catch(trouble(what));
      // Woken, stopped, or time for the next round.
      await clock.sleep(ms, AbortSignal.any([signal, awake.signal])).catch(() => undefined);
    }
    unsubscribe?.();
  };

  const projected = async (block: bigint) => {
    while (!signal.aborted && follower.status.cursor < block) {
      follower.nudge();
      // Stopping ends the wait.
      await clock.sleep(PROJECTED_MS, signal).catch(() => undefined);
    }
  };

  let feesDue = true;
  const relay = createRelay({
    context,
    store,
    writer,
    notifier,
    projected,
    onTrouble: (error, intent) => trouble(`leases are held up (${intent ?? "gathering"})`)(error),
    onSettled: () => {
      feesDue = true;
    },
  });

  let known = "";
  const progress = async () => {
    const [head, finalized] = [await context.chain.head(), await context.chain.finalized()];
    // Final is what the follower has read twice: a single answer, however deep its block, may have been a lie.
    const { confirmed } = follower.status;
    if (confirmed < 0n) return;
    const final = finalized.number < confirmed ? finalized.number : confirmed;
    const now = `${head.hash} ${final}`;
    if (now === known) return;
    await store.transaction((uow) => takeProgress(uow, head, final));
    known = now;
  };

  const upkeep = async () => {
    const round = { context, store, writer };
    await expireMachines(round);
    await expireWorkloads(round);
    await finalizeOverdue(round);
    if (feesDue) {
      feesDue = false;
      if (await collectFees(round)) feesDue = true;
    }
  };

  const mandates = async () => {
    const orders = await store.transaction((uow) => uow.workloads.toOrder(MOST_ORDERS));
    for (const id of orders) await orderUnderMandate(parts, id).catch(trouble(`workload ${id} could not be ordered`));
    const leases: readonly { readonly id: Hex }[] = await store.transaction((uow) => uow.leases.mandated());
    await Promise.all(
      leases.map(({ id }) => watchOnce(parts, id).catch(trouble(`the watch of lease ${id} is held up`))),
    );
  };

  /** Begins to work on a queue, as soon as that is possible. */
  const serve = async <T extends object>(queue: string, handler: (data: T) => Promise<void>) => {
    for (let begun = false; !begun && !signal.aborted; ) {
      begun = await platform.jobs.work<T>(queue, { concurrency: 1 }, handler).then(
        () => true,
        (error: unknown) => {
          trouble(`the queue ${queue} is not worked on yet`)(error);
          return false;
        },
      );
      if (!begun) await clock.sleep(UPKEEP_MS, signal).catch(() => undefined);
    }
  };
  const { faucet } = parts;
  await Promise.all([
    serve<{ readonly calls: readonly Hex[] }>(REGISTRATIONS, ({ calls }) => relayRegistration(context, writer, calls)),
    ...(faucet === undefined ? [] : [serve<{ readonly id: string }>(FAUCET, ({ id }) => faucet.send(id, writer))]),
    relay.run(signal),
    repeat("the chain's progress could not be read", PROGRESS_MS, undefined, progress),
    repeat("upkeep failed", UPKEEP_MS, undefined, upkeep),
    repeat("mandates are held up", WATCH_MS, MANDATES_WAKE, mandates),
  ]);
}
