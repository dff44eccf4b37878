import type { Address, Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { type MarketDomain, orderData, unitLeaf } from "@corepool/protocol/eip712";
import type { OfferMessage, OrderMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";

export interface OrderWish {
  readonly offer: OfferMessage;
  readonly durationSeconds: number;
  readonly leaseKey: Address;
  readonly nonce: number;
  readonly counter: number;
  /** Seconds since the epoch. */
  readonly expiry: number;
}

/** The order that accepts exactly one offer of exactly one unit, at its price and for no more than it costs. */
export function orderFor(client: Address, wish: OrderWish): OrderMessage {
  const { offer } = wish;
  return {
    client,
    token: offer.token,
    maxRate: offer.rate,
    bid: "0",
    maxEscrow: String(BigInt(offer.rate) * BigInt(wish.durationSeconds)),
    duration: wish.durationSeconds,
    key: wish.leaseKey,
    units: unitLeaf(offer.provider, BigInt(offer.unit)),
    expiry: wish.expiry,
    nonce: wish.nonce,
    counter: wish.counter,
    gang: "0",
    funder: zeroAddress,
    fundingRef: zeroHash,
  };
}

/** Builds and signs it. */
export async function signOrder(
  domain: MarketDomain,
  signer: Signer,
  wish: OrderWish,
): Promise<{ readonly order: OrderMessage; readonly signature: Hex }> {
  const order = orderFor(signer.address, wish);
  return { order, signature: await signer.signTypedData(orderData(domain, order)) };
}
