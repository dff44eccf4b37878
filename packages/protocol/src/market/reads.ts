import type { Address, Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import { decodeFunctionResult, encodeFunctionData } from "viem";
import { leaseMarketAbi as abi } from "../abi/lease-market.gen.ts";
import type { TermsMessage } from "../spec.ts";
import { termsHash, termsStruct } from "./structs.ts";

type Chain = Pick<ChainReader, "call">;

/** An account of the ledger in one token. */
export interface LedgerAccount {
  /** Base units. */
  readonly cash: bigint;
  /** Zero until the account is first touched; signatures then carry 1. */
  readonly counter: number;
  /** Highest order nonce used; `window` bit i is nonce `top - i`. */
  readonly top: number;
  readonly window: bigint;
}

/** All reads reject with `chain-unavailable` or `call-reverted`, as the reader does. */
export async function accountOf(
  chain: Chain,
  market: Address,
  token: Address,
  account: Address,
): Promise<LedgerAccount> {
  const data = await chain.call(market, encodeFunctionData({ abi, functionName: "accountOf", args: [token, account] }));
  const [cash, counter, top, window] = decodeFunctionResult({ abi, functionName: "accountOf", data });
  return { cash, counter, top, window };
}

/** Whether an order's nonce could still be used by the account (0 never, 64 below the top or lower never again). */
export function nonceIsFree(account: Pick<LedgerAccount, "top" | "window">, nonce: number): boolean {
  if (nonce <= 0) return false;
  if (nonce > account.top) return true;
  const age = account.top - nonce;
  return age < 64 && ((account.window >> BigInt(age)) & 1n) === 0n;
}

/** A unit's slot: idle with the seq of its next lease, or the hash of the terms that are live on it. */
export type UnitSlot =
  | { readonly state: "idle"; readonly seq: number }
  | { readonly state: "leased"; readonly terms: Hex };

export async function unitOf(chain: Chain, market: Address, provider: Address, unit: bigint): Promise<UnitSlot> {
  const data = await chain.call(market, encodeFunctionData({ abi, functionName: "unitOf", args: [provider, unit] }));
  const word = decodeFunctionResult({ abi, functionName: "unitOf", data });
  return BigInt(word) < 2n ** 32n ? { state: "idle", seq: Number(BigInt(word)) } : { state: "leased", terms: word };
}

/** Whether exactly these terms are live on chain: what an agent and a watch check before they trust a lease. */
export async function termsAreLive(chain: Chain, market: Address, terms: TermsMessage): Promise<boolean> {
  const slot = await unitOf(chain, market, terms.provider, BigInt(terms.unit));
  return slot.state === "leased" && slot.terms === termsHash(terms);
}

/** What a note for `total` would pay now, fee included; zero when the terms are not live. */
export async function collectable(chain: Chain, market: Address, terms: TermsMessage, total: bigint): Promise<bigint> {
  const data = await chain.call(
    market,
    encodeFunctionData({ abi, functionName: "collectable", args: [termsStruct(terms), total] }),
  );
  return decodeFunctionResult({ abi, functionName: "collectable", data });
}

/** Fees of a token that are accrued and not yet collected. */
export async function feesOf(chain: Chain, market: Address, token: Address): Promise<bigint> {
  const data = await chain.call(market, encodeFunctionData({ abi, functionName: "feesOf", args: [token] }));
  return decodeFunctionResult({ abi, functionName: "feesOf", data });
}

/** How the market treats a token. */
export async function tokenOf(
  chain: Chain,
  market: Address,
  token: Address,
): Promise<{ readonly listed: boolean; readonly paused: boolean; readonly feeBps: number }> {
  const data = await chain.call(market, encodeFunctionData({ abi, functionName: "tokenOf", args: [token] }));
  const [listed, paused, feeBps] = decodeFunctionResult({ abi, functionName: "tokenOf", data });
  return { listed, paused, feeBps };
}

/** Constants and settings of a market. Addresses are zero where nothing is set. */
export interface MarketSettings {
  readonly gp: Address;
  readonly closeWindowSeconds: number;
  readonly feeSink: Address;
  readonly burnBps: number;
  readonly feeAuction: Address;
  readonly feeSource: Address;
}

export async function marketSettings(chain: Chain, market: Address): Promise<MarketSettings> {
  const [gp, closeWindow, fees] = await Promise.all([
    chain.call(market, encodeFunctionData({ abi, functionName: "GP" })),
    chain.call(market, encodeFunctionData({ abi, functionName: "CLOSE_WINDOW" })),
    chain.call(market, encodeFunctionData({ abi, functionName: "feeSettings" })),
  ]);
  const [feeSink, burnBps, feeAuction, feeSource] = decodeFunctionResult({
    abi,
    functionName: "feeSettings",
    data: fees,
  });
  return {
    gp: decodeFunctionResult({ abi, functionName: "GP", data: gp }),
    closeWindowSeconds: decodeFunctionResult({ abi, functionName: "CLOSE_WINDOW", data: closeWindow }),
    feeSink,
    burnBps,
    feeAuction,
    feeSource,
  };
}
