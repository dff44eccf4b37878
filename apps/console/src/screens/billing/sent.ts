import type { Address, Hex } from "@corepool/core/hex";
import type { Token } from "@corepool/core/money";
import { createStore } from "../../app/store.ts";

/** Into the market, or out of it. */
export type Movement = "deposit" | "withdraw";

/** A transaction that this page has sent and seen in a block; it is followed until it is final. */
export interface Sent {
  readonly transaction: Hex;
  /** Who sent it: nobody else who signs in to this page is shown it. */
  readonly account: Address;
  readonly movement: Movement;
  readonly amount: string;
  readonly token: Token;
}

/** Newest first; forgotten with the page, since the ledger has them all. */
export const sent = createStore<readonly Sent[]>([]);

export function remember(one: Sent): void {
  sent.set((now) => [one, ...now]);
}

export function forget(transaction: Hex): void {
  sent.set((now) => now.filter((each) => each.transaction !== transaction));
}
