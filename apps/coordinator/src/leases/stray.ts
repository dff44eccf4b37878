import { sameAddress } from "@corepool/core/hex";
import type { Lease, OnChain, Uow } from "../market/documents.ts";
import { UNPAID } from "./unpaid.ts";

/**
 * An order names its unit and not the sequence of its lease: until it expires, anyone may open it later than it was
 * placed for, when its workload runs elsewhere or nowhere. Nobody would serve such a stray lease, and its escrow would
 * lie idle until its end. Its provider, who has served nothing under it, is asked to agree to its close at once.
 */

/** Whether a lease is not the one that its workload runs under. */
export async function isStray(uow: Uow, lease: Lease): Promise<boolean> {
  return (await uow.workloads.get(lease.workload))?.lease !== lease.id;
}

/** Takes a lease on that the chain opened with an order that we know from another lease of the same unit. */
export async function adoptStray(uow: Uow, chain: OnChain): Promise<void> {
  if (!chain.live) return;
  const known = await uow.leases.byOrder(chain.orderHash);
  const { terms } = chain;
  if (known === undefined || known.unit !== Number(terms.unit) || !sameAddress(known.provider, terms.provider)) return;
  const lease: Lease = {
    ...known,
    id: chain.id,
    seq: terms.seq,
    state: "open",
    ...UNPAID,
  };
  await uow.leases.put(lease);
  await askToRelease(uow, lease, chain);
}

/** Asks the provider to agree to the close of a stray lease, under its newest terms. */
export async function askToRelease(uow: Uow, lease: Lease, { terms }: OnChain): Promise<void> {
  await uow.messages.put(lease.machine, `release:${lease.id}`, { type: "release", body: { lease: lease.id, terms } });
}
