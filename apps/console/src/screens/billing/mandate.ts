import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import { address } from "@corepool/protocol/primitives";
import type { RouteResponse } from "@corepool/protocol/route";
import type { listMandates } from "@corepool/protocol/routes/accounts";
import type { MandateMessage } from "@corepool/protocol/spec";
import type { KeptMandate } from "../../mandates/copy.ts";

/** A mandate as the coordinator tells it. */
export type MandateView = RouteResponse<typeof listMandates>["data"][number];

/** What is granted, and how it can be taken back. */
export interface MandateRow {
  readonly key: string;
  readonly id: string | null;
  readonly mandate: MandateMessage;
  readonly providers: readonly Address[];
  /** Base units in escrow under it so far; undefined while the coordinator knows nothing of it. */
  readonly committed: string | undefined;
  /** `dropped`: the coordinator says that it is revoked; that it is so on chain was not seen from here. */
  readonly state: "granted" | "expired" | "revoked" | "unconfirmed" | "dropped";
  /** The copies signed here; without one the coordinator's word is all there is. */
  readonly copies: readonly KeptMandate[];
}

/** Where a mandate stands at `now` (ms). */
export function stateOf(view: MandateView, now: number): "granted" | "expired" | "revoked" {
  if (view.revokedAt !== null) return "revoked";
  return view.mandate.expiry * 1_000 <= now ? "expired" : "granted";
}

/** How much of a cap is used, 0 to 1. */
export function shareOf(used: string, of: string): number {
  const [a, b] = [BigInt(used), BigInt(of)];
  if (b === 0n) return a === 0n ? 0 : 1;
  return Math.min(1, Number((a * 10_000n) / b) / 10_000);
}

/**
 * The chain's revocation stands, whatever the coordinator has heard of it; and his word that one is revoked does not stand
 * against a copy that the chain may still honour.
 */
function toldState(view: MandateView, copies: readonly KeptMandate[], now: number): MandateRow["state"] {
  if (copies.length === 0) return stateOf(view, now);
  const open = copies.filter((each) => each.revokedIn === undefined);
  if (open.length === 0) return "revoked";
  if (open.every((each) => each.mandate.expiry * 1_000 <= now)) return "expired";
  return view.revokedAt === null ? "granted" : "dropped";
}

/**
 * The coordinator's list beside all that was signed here by `account`, newest first: for whatever market, for one that
 * the coordinator does not name any more is as valid as before.
 */
export function mandateRows(
  views: readonly MandateView[],
  all: readonly KeptMandate[],
  account: Address,
  now: number,
): readonly MandateRow[] {
  const mine = all.filter((each) => sameAddress(each.mandate.client, account));
  const told = views.map((view): MandateRow => {
    const copies = mine.filter((each) => each.id === view.id);
    return {
      key: view.id,
      id: view.id,
      // What was signed here stands above what the coordinator says was signed.
      mandate: copies[0]?.mandate ?? view.mandate,
      providers: copies[0]?.providers ?? view.providers,
      committed: view.committed,
      state: toldState(view, copies, now),
      copies,
    };
  });
  const known = new Set<Hex>(told.flatMap((row) => row.copies.map((each) => each.hash)));
  const untold = mine
    .filter((each) => !known.has(each.hash))
    .map(
      (each): MandateRow => ({
        key: each.hash,
        id: each.id,
        mandate: each.mandate,
        providers: each.providers,
        committed: undefined,
        state:
          each.revokedIn !== undefined ? "revoked" : each.mandate.expiry * 1_000 <= now ? "expired" : "unconfirmed",
        copies: [each],
      }),
    );
  return [...untold, ...told];
}

/** Addresses that somebody typed, with commas, spaces or lines between; `wrong` is the first that is none. */
export function parseAddresses(text: string): { readonly addresses: readonly Address[]; readonly wrong?: string } {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const wrong = words.find((word) => !address.safeParse(word).success);
  if (wrong !== undefined) return { addresses: [], wrong };
  return { addresses: [...new Set(words.map((word) => word.toLowerCase() as Address))] };
}
