import { CorepoolError, codeOf } from "@corepool/core/errors";
import { formatAmount } from "@corepool/core/money";
import { accountOf } from "@corepool/protocol/market/reads";
import type { MandateMessage } from "@corepool/protocol/spec";
import { lower, type MarketContext, secondsOf } from "../market/context.ts";
import type { Mandate, Uow } from "../market/documents.ts";
import { type MandateSlot, readMandate } from "./reads.ts";

/** Says why a mandate does not cover a workload. */
export function exceeded(detail: string): CorepoolError {
  return new CorepoolError("mandate-exceeded", {
    detail: `The mandate does not cover this: ${detail}.`,
    next: "Grant a mandate that does, or sign the order yourself.",
  });
}

/** What the chain says about a mandate now. */
export interface MandateStanding {
  readonly slot: MandateSlot;
  /** The counter of the client's account: a mandate signed under an earlier one is void. */
  readonly counter: number;
}

/** Reads it at the head. Rejects with `chain-unavailable`. */
export async function standingOf(context: MarketContext, mandate: MandateMessage): Promise<MandateStanding> {
  const [slot, { counter }] = await Promise.all([
    readMandate(context, mandate),
    accountOf(context.chain, context.domain.market, mandate.token, mandate.client),
  ]);
  return { slot, counter };
}

/** The same; undefined while the chain is away, when the order will be held to it all the same. */
export async function standingIfKnown(
  context: MarketContext,
  mandate: MandateMessage,
): Promise<MandateStanding | undefined> {
  return standingOf(context, mandate).catch((error: unknown) => {
    if (codeOf(error) === "chain-unavailable") return undefined;
    throw error;
  });
}

/** Rejects with `mandate-exceeded` when nothing can be ordered under a mandate any more. */
export function checkInForce(context: MarketContext, mandate: Mandate, standing: MandateStanding | undefined): void {
  if (mandate.droppedAt !== null || standing?.slot.revoked === true) throw exceeded("it was revoked");
  if (mandate.mandate.expiry < secondsOf(context.clock)) throw exceeded("it has expired");
  if (standing !== undefined && mandate.mandate.counter !== Math.max(1, standing.counter))
    throw exceeded("everything signed before was cancelled (wallet cancel-all), this mandate included");
}

/**
 * Rejects with `mandate-exceeded` when a placed offer is outside of a mandate's bounds, as far as the chain's and our
 * own books of it go.
 */
export async function checkCovers(
  uow: Uow,
  context: MarketContext,
  mandate: Mandate,
  placed: {
    readonly signed: { readonly offer: { readonly token: string; readonly rate: string } };
    readonly escrow: bigint;
  },
  slot: MandateSlot | undefined,
): Promise<void> {
  const { token, maxRate, maxEscrow, maxTotal } = mandate.mandate;
  const { offer } = placed.signed;
  if (lower(offer.token) !== lower(token)) throw exceeded("the machine is paid in another token");
  const listed = context.tokens.find((each) => lower(each.address) === lower(token));
  const money = (base: bigint): string =>
    listed === undefined ? `${base} base units` : `${formatAmount(base, listed)} ${listed.symbol}`;
  if (BigInt(offer.rate) > BigInt(maxRate))
    throw exceeded(
      `its highest rate is ${money(BigInt(maxRate) * 3600n)}/h, the cheapest machine that fits takes ${money(BigInt(offer.rate) * 3600n)}/h`,
    );
  if (placed.escrow > BigInt(maxEscrow))
    throw exceeded(`it puts at most ${money(BigInt(maxEscrow))} into one lease, this needs ${money(placed.escrow)}`);
  const committed = (slot?.committed ?? 0n) + (await uow.leases.committed(mandate.id));
  if (committed + placed.escrow > BigInt(maxTotal))
    throw exceeded(
      `of its total of ${money(BigInt(maxTotal))}, ${money(committed)} is committed, and this needs ${money(placed.escrow)}`,
    );
}
