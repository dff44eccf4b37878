import type { Market } from "@corepool/protocol/resources";
import { z } from "zod";
import { readKept, writeKept } from "../app/kept-text.ts";
import { createStore } from "../app/store.ts";
import { keyError } from "../identity/failure.ts";

const KEY = "corepool.market";

const known = z.object({ chainId: z.int(), leaseMarket: z.string(), tokens: z.array(z.string()) });
/** What money goes to: the chain, the market's contract and its tokens; addresses in lower case, tokens sorted. */
export type KnownMarket = z.infer<typeof known>;

/** Reads what was kept; undefined before first contact, and for what is damaged. */
export function parseKnown(text: string | null): KnownMarket | undefined {
  try {
    return known.safeParse(JSON.parse(text ?? "null")).data;
  } catch {
    return undefined;
  }
}

/** What a coordinator says that money goes to. */
export function told(market: Market): KnownMarket {
  return {
    chainId: market.chainId,
    leaseMarket: market.contracts.leaseMarket.toLowerCase(),
    tokens: market.tokens.map((token) => token.address.toLowerCase()).sort(),
  };
}

/** Whether two are the same contracts on the same chain. */
export function sameMarket(a: KnownMarket, b: KnownMarket): boolean {
  return a.chainId === b.chainId && a.leaseMarket === b.leaseMarket && String(a.tokens) === String(b.tokens);
}

/** What this browser knows the coordinator of this page by: what it said when something was signed for it first. */
export const knownMarket = createStore<KnownMarket | undefined>(parseKnown(readKept(KEY)));

/** Takes what a coordinator says for true from now on. The decision of a person who has asked its operator. */
export function trustMarket(market: Market): void {
  const now = told(market);
  writeKept(KEY, JSON.stringify(now));
  knownMarket.set(now);
}

/**
 * Holds what a coordinator says to what it said when something was signed for it first, which is remembered: called before
 * anything is signed that can move money. Throws (`other-market`) where they differ.
 */
export function checkMarket(market: Market): void {
  const before = parseKnown(readKept(KEY)) ?? knownMarket.get();
  const now = told(market);
  if (before === undefined) trustMarket(market);
  else if (!sameMarket(before, now))
    throw keyError(
      "other-market",
      `The coordinator names market ${now.leaseMarket} on chain ${now.chainId}, and has named ${before.leaseMarket} on chain ${before.chainId} before.`,
    );
}
