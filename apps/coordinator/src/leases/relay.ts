import { codeOf } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { ChainWriter, TransactionOutcome } from "@corepool/core/ports/chain";
import type { Notifier } from "@corepool/core/ports/notifier";
import type { BatchRecord } from "@corepool/core/ports/store-leases";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import { errorNameOf } from "@corepool/protocol/market/reverts";
import { lower, type MarketContext } from "../market/context.ts";
import type { MarketStore } from "../market/documents.ts";
import { gatherOpenings, gatherSettlements } from "./batch.ts";
import { failLease } from "./reconcile.ts";
import { LEASES_WAKE } from "./topics.ts";

export interface RelayParts {
  readonly context: MarketContext;
  readonly store: MarketStore;
  readonly writer: ChainWriter;
  readonly notifier: Notifier;
  /** Resolves once the projection holds everything up to and including the block. */
  readonly projected: (block: bigint) => Promise<void>;
  readonly onTrouble: (error: unknown, intent: string | undefined) => void;
  /** Called when a settlement is in a block. */
  readonly onSettled?: () => void;
}

/** What the logs of a mined batch say: why items were skipped, by their place in it, and the leases that it opened. */
interface Effect {
  readonly reasons: ReadonlyMap<number, string>;
  readonly opened: ReadonlySet<string>;
}

/** Orders that come within so many milliseconds of each other share a transaction. */
const WINDOW_MS = 10;
/** The relay also looks by itself: notifications may be lost. */
const LOOK_MS = 1_000;
const MOST_IN_FLIGHT = 8;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Sends what waits to be opened or settled. Offer and order are signed by others: the relay can delay them and nothing
 * else, and anyone may send the same calldata. Everything on its way is in the database; `run` takes up what an earlier
 * process left.
 */
export function createRelay(parts: RelayParts): { run(signal: AbortSignal): Promise<void> } {
  const { context, store, writer } = parts;
  const { clock } = context;
  const running = new Map<string, Promise<void>>();
  let ring: () => void = () => undefined;

  const pause = async (ms: number, signal: AbortSignal) => {
    // Stopping ends a pause early; that is no failure.
    await clock.sleep(ms, signal).catch(() => undefined);
  };

  /** Sends until the outcome is known. A refused single transaction is an outcome too. */
  async function outcomeOf(batch: BatchRecord, signal: AbortSignal): Promise<TransactionOutcome | string | undefined> {
    for (let wait = 100; !signal.aborted; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        return await writer.send({ intent: batch.intent, to: batch.to, data: batch.data });
      } catch (error) {
        if (codeOf(error) === "call-reverted") return error instanceof Error ? error.message : "the contract refused";
        if (!signal.aborted) parts.onTrouble(error, batch.intent);
        await pause(wait, signal);
      }
    }
    return undefined;
  }

  /**
   * What a mined batch did, by its own logs. Undefined when its block shows nothing of it: a re-org took it back, and
   * the sender sends it again.
   */
  async function effectOf(outcome: TransactionOutcome): Promise<Effect | undefined> {
    const logs = await context.chain.logs({
      from: outcome.blockNumber,
      to: outcome.blockNumber,
      addresses: [context.domain.market],
    });
    const own = logs.filter((log) => log.transactionHash === outcome.hash);
    if (own.length === 0) return undefined;
    const reasons = new Map<number, string>();
    const opened = new Set<string>();
    for (const log of own) {
      const event = decodeMarketEvent(log);
      if (event?.name === "LeaseOpened") opened.add(lower(event.args.lease));
      if (event?.name === "OpenSkipped" || event?.name === "SettleSkipped") {
        reasons.set(Number(event.args.index), errorNameOf(event.args.reason));
      }
    }
    return { reasons, opened };
  }

  /**
   * Takes an outcome in. `reasonOf`: why a lease was not opened; undefined when its block says that it was. Then the
   * projection must have it: without it, it holds another branch of the chain up to that height, and the batch waits
   * until both say the same. Resolves with whether there is more to do about it.
   */
  async function finish(batch: BatchRecord, reasonOf: (lease: Hex) => string | undefined): Promise<boolean> {
    return store.transaction(async (uow) => {
      let again = false;
      let finished = true;
      for (const lease of await uow.leases.ofBatch(batch.intent)) {
        const chain = await uow.chain.lease(lease.id);
        if (batch.kind === "open") {
          const reason = chain === undefined ? reasonOf(lease.id) : "its unit went on to another lease";
          if (lease.state !== "opening" || chain?.orderHash === lease.orderHash) {
            await uow.leases.put({ ...lease, batch: null });
          } else if (reason === undefined) {
            finished = false;
          } else {
            await failLease(uow, context, lease, `The lease was not opened: ${reason}.`);
          }
        } else {
          again ||= chain?.live === true;
          await uow.leases.put({ ...lease, batch: null });
        }
      }
      await uow.batches.put({ ...batch, finished });
      return again || !finished;
    });
  }

  async function carry(batch: BatchRecord, signal: AbortSignal): Promise<void> {
    const outcome = await outcomeOf(batch, signal);
    if (outcome === undefined) return;
    let reasonOf: (lease: Hex) => string | undefined = () => "the contract refused it";
    if (typeof outcome === "string") {
      reasonOf = () => outcome;
    } else {
      await parts.projected(outcome.blockNumber);
      if (outcome.status === "reverted") reasonOf = () => outcome.reason ?? "the transaction reverted";
      else {
        const effect = await effectOf(outcome);
        // Unfinished, it is taken up again: by then the sender knows too.
        if (effect === undefined) return pause(1_000, signal);
        reasonOf = (lease) => {
          if (effect.opened.has(lease)) return undefined;
          return effect.reasons.get(batch.leases.indexOf(lease)) ?? "its unit went on to another lease";
        };
      }
      if (batch.kind === "settle") parts.onSettled?.();
    }
    const failed = batch.kind === "settle" && (typeof outcome === "string" || outcome.status === "reverted");
    // What could not be settled is tried again with the terms as they are then, but not in a hot loop.
    if (failed) await pause(1_000, signal);
    if (await finish(batch, reasonOf)) await pause(1_000, signal);
  }

  function start(batch: BatchRecord, signal: AbortSignal): void {
    if (running.has(batch.intent)) return;
    const work = carry(batch, signal)
      .catch((error: unknown) => parts.onTrouble(error, batch.intent))
      .finally(() => {
        running.delete(batch.intent);
        ring();
      });
    running.set(batch.intent, work);
  }

  async function gather(signal: AbortSignal): Promise<void> {
    // What an earlier process, or a re-org, left without an outcome.
    for (const batch of await store.transaction((uow) => uow.batches.unfinished())) start(batch, signal);
    for (const next of [gatherOpenings, gatherSettlements]) {
      while (running.size < MOST_IN_FLIGHT && !signal.aborted) {
        const batch = await store.transaction((uow) => next(uow, context));
        if (batch === undefined) break;
        start(batch, signal);
      }
    }
  }

  return {
    async run(signal) {
      let rung = true;
      let wake: () => void = () => undefined;
      ring = () => {
        rung = true;
        wake();
      };
      const unsubscribe = parts.notifier.subscribe(LEASES_WAKE, () => ring());
      signal.addEventListener("abort", ring, { once: true });
      try {
        while (!signal.aborted) {
          if (!rung) {
            const awake = new AbortController();
            wake = () => awake.abort();
            await pause(LOOK_MS, awake.signal);
          } else {
            await pause(WINDOW_MS, signal);
          }
          rung = false;
          await gather(signal).catch((error: unknown) => parts.onTrouble(error, undefined));
        }
      } finally {
        unsubscribe();
        await Promise.all(running.values());
      }
    },
  };
}
