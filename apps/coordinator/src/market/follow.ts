import type { BlockHeader } from "@corepool/core/ports/chain";
import type { MarketEvent } from "@corepool/protocol/market/events";
import { reconcileLease } from "../leases/reconcile.ts";
import type { MarketContext } from "./context.ts";
import type { Uow } from "./documents.ts";
import { project, type Touched } from "./projector.ts";

/** Takes the events of blocks, in order, into the projection, and brings the leases they touch to what they say. */
export async function takeEvents(uow: Uow, context: MarketContext, events: readonly MarketEvent[]): Promise<void> {
  const touched = new Map<string, Touched>();
  for (const event of events) {
    const lease = await project(uow, event);
    if (lease === undefined) continue;
    touched.set(lease.lease, { ...lease, newTerms: lease.newTerms || touched.get(lease.lease)?.newTerms === true });
  }
  for (const lease of touched.values()) await reconcileLease(uow, context, lease);
}

/** Takes back every block at or above `from`: what they did is undone, as if it had never been. */
export async function takeBack(uow: Uow, context: MarketContext, from: bigint): Promise<void> {
  for (const lease of await uow.chain.undo(from)) await reconcileLease(uow, context, { lease, newTerms: false });
}

/** Blocks behind finality that can still be undone: a late second reading may find that a node had cut an answer. */
const KEPT_BLOCKS = 512n;

/** Notes how far the chain and its finality have come; what lies far behind need not be undone any more. */
export async function takeProgress(uow: Uow, head: BlockHeader, finalized: bigint): Promise<void> {
  await uow.chain.putProgress({ head: head.number, headTime: head.timestamp, finalized });
  await uow.chain.forget(finalized - KEPT_BLOCKS);
}
