import type { ChainReader } from "@corepool/core/ports/chain";
import type { MarketDomain } from "@corepool/protocol/eip712";
import { decodeMarketEvent, termsAfter } from "@corepool/protocol/market/events";
import { type UnitSlot, unitOf } from "@corepool/protocol/market/reads";
import { termsHash } from "@corepool/protocol/market/structs";
import type { TermsMessage } from "@corepool/protocol/spec";
import type { AttemptDeps } from "./attempt-deps.ts";
import { messageOf } from "./prepare.ts";

/**
 * A lease on chain: live, under terms that settlements, top-ups and a requested close have changed since; over, for
 * good; absent, when its unit waits for it: it never opened, or a re-org took it back, and it may come again; or unknown,
 * when the chain does not show enough.
 */
export type LeaseNow =
  | { readonly state: "live"; readonly terms: TermsMessage }
  | { readonly state: "over" }
  | { readonly state: "absent" }
  | { readonly state: "unknown" };

type Seen = Pick<AttemptDeps, "chain" | "domain">;

/**
 * How the lease with these terms stands at the head. Other terms in its unit's slot prove nothing: anyone may settle a
 * part, which changes them. It is over when the unit has gone on to a later seq.
 * Rejects with `chain-unavailable`.
 */
export async function leaseNow(terms: TermsMessage, lease: string, { chain, domain }: Seen): Promise<LeaseNow> {
  const slot = await unitOf(chain, domain.market, terms.provider, BigInt(terms.unit));
  if (slot.state === "idle") return slot.seq > terms.seq ? { state: "over" } : { state: "absent" };
  if (slot.terms === termsHash(terms)) return { state: "live", terms };
  return bySlot(slot, terms, lease, chain, domain);
}

/** What the market's own events say of the lease that is in the slot. */
async function bySlot(
  slot: Extract<UnitSlot, { state: "leased" }>,
  terms: TermsMessage,
  lease: string,
  chain: ChainReader,
  domain: MarketDomain,
): Promise<LeaseNow> {
  const { number: head } = await chain.head();
  const from = await firstBlockAt(BigInt(terms.start), head, chain);
  const logs = await chain.logs({ from, to: head, addresses: [domain.market] });
  let now: TermsMessage | undefined;
  for (const log of logs) {
    const event = decodeMarketEvent(log);
    if (event === undefined) continue;
    if (event.name === "LeaseOpened") {
      const { terms: opened } = event.args;
      const same = opened.provider.toLowerCase() === terms.provider.toLowerCase() && opened.unit === terms.unit;
      if (same && opened.seq > terms.seq && termsHash(opened) === slot.terms) return { state: "over" };
      if (same && opened.seq === terms.seq) now = opened;
    } else if ("lease" in event.args && event.args.lease.toLowerCase() === lease.toLowerCase()) {
      if (event.name === "LeaseClosed") return { state: "over" };
      if (now !== undefined) now = termsAfter(now, event);
    }
  }
  return now !== undefined && termsHash(now) === slot.terms ? { state: "live", terms: now } : { state: "unknown" };
}

/** The first block that is not older than `time`, seconds since the epoch. */
async function firstBlockAt(time: bigint, head: bigint, chain: Pick<ChainReader, "blockByNumber">): Promise<bigint> {
  let low = 0n;
  let high = head;
  while (low < high) {
    const middle = (low + high) / 2n;
    const block = await chain.blockByNumber(middle);
    if (block !== undefined && block.timestamp >= time) high = middle;
    else low = middle + 1n;
  }
  return low;
}

/** Whether the lease of an attempt may still be live: only the chain's word that it is over counts. */
export async function stillLive(id: string, deps: AttemptDeps): Promise<boolean> {
  const { terms, lease } = deps.journal.record(id).assignment;
  try {
    return (await leaseNow(terms, lease, deps)).state !== "over";
  } catch (error) {
    deps.log.warn("chain.unavailable", { attempt: id, detail: messageOf(error) });
    return true;
  }
}
