import type { Address, Hex } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Signer } from "@corepool/core/ports/signer";
import { suggestRate } from "@corepool/core/pricing";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { documentHash, type MarketDomain, offerBatchData, offerData } from "@corepool/protocol/eip712";
import { accountOf } from "@corepool/protocol/market/reads";
import { merkleTree } from "@corepool/protocol/merkle";
import type { OfferMessage, SignedOffer, UnitSpec } from "@corepool/protocol/spec";
import { decodeFunctionResult, encodeFunctionData, erc20Abi, hashStruct, keccak256, zeroAddress } from "viem";
import type { OwnUnit } from "./admission.ts";

/** A listed token, and where the provider's signatures stand in it. */
export interface OfferToken {
  readonly address: Address;
  readonly decimals: number;
  readonly counter: number;
}

export interface OfferSettings {
  readonly provider: Address;
  /** Who is paid; the provider himself unless set. */
  readonly payTo: Address;
  readonly graceSeconds: number;
  /** Base units per second for the whole machine in every token, shared among slices by cores; `auto`: suggested. */
  readonly price: bigint | "auto";
}

/** How long an offer stands. It is replaced when half of it is over. */
export const OFFER_SECONDS = 3_600;
const LONGEST_LEASE = 30 * 86_400;

/** The market's listed tokens, read from the chain. */
export async function listedTokens(
  chain: Pick<ChainReader, "call">,
  domain: MarketDomain,
  provider: Address,
): Promise<readonly OfferToken[]> {
  const { market } = domain;
  const data = await chain.call(market, encodeFunctionData({ abi: leaseMarketAbi, functionName: "tokens" }));
  const addresses = decodeFunctionResult({ abi: leaseMarketAbi, functionName: "tokens", data });
  return Promise.all(
    addresses.map(async (address) => {
      const [decimals, account] = await Promise.all([
        chain.call(address, encodeFunctionData({ abi: erc20Abi, functionName: "decimals" })),
        accountOf(chain, market, address, provider),
      ]);
      return {
        address,
        decimals: decodeFunctionResult({ abi: erc20Abi, functionName: "decimals", data: decimals }),
        // An account that was never touched reads 0 and counts as 1.
        counter: Math.max(1, account.counter),
      };
    }),
  );
}

function rateOf(unit: UnitSpec, whole: UnitSpec, token: OfferToken, price: OfferSettings["price"]): bigint {
  if (price === "auto") return suggestRate(unit.resources, token.decimals);
  const cpus = BigInt(whole.resources.cpus);
  return (price * BigInt(unit.resources.cpus) + cpus - 1n) / cpus;
}

/** What the agent offers from `now` (seconds) on: every unit in every token. */
export function offersOf(
  units: readonly UnitSpec[],
  tokens: readonly OfferToken[],
  settings: OfferSettings,
  now: number,
): readonly OwnUnit[] {
  const whole = units[0];
  if (whole === undefined) return [];
  return units.map((spec) => ({
    spec,
    offers: tokens.map(
      (token): OfferMessage => ({
        provider: settings.provider,
        payTo: settings.payTo,
        token: token.address,
        unit: String(spec.unit),
        spec: documentHash(spec),
        rate: String(rateOf(spec, whole, token, settings.price)),
        minSeconds: 1,
        maxSeconds: LONGEST_LEASE,
        grace: settings.graceSeconds,
        notBefore: 0,
        expiry: now + OFFER_SECONDS,
        counter: token.counter,
        client: zeroAddress,
      }),
    ),
  }));
}

/** An offer's leaf in a batch: its struct hash, hashed again. */
function leafOf(domain: MarketDomain, offer: OfferMessage): Hex {
  const { message, primaryType, types } = offerData(domain, offer);
  return keccak256(hashStruct({ data: message, primaryType, types } as Parameters<typeof hashStruct>[0]));
}

/** Signs all offers at once: one signature over the root of their tree (or over the offer, when there is only one). */
export async function signOffers(
  domain: MarketDomain,
  signer: Signer,
  own: readonly OwnUnit[],
): Promise<readonly SignedOffer[]> {
  const flat = own.flatMap(({ spec, offers }) => offers.map((offer) => ({ spec, offer })));
  const [only] = flat;
  if (only === undefined) return [];
  if (flat.length === 1) {
    return [{ ...only, signature: await signer.signTypedData(offerData(domain, only.offer)), proof: [] }];
  }
  const { root, proofs } = merkleTree(flat.map(({ offer }) => leafOf(domain, offer)));
  const signature = await signer.signTypedData(offerBatchData(domain, root));
  return flat.map((each, i) => ({ ...each, signature, proof: [...(proofs[i] ?? [])] }));
}
