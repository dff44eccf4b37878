import type { Address, Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import {
  digestOf,
  documentHash,
  type MarketDomain,
  orderData,
  unitLeaf,
  workloadBindingData,
} from "@corepool/protocol/eip712";
import type { JobSpec, OfferMessage, OrderMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { sign } from "viem/accounts";
import type { LeaseKey } from "./lease-key.ts";

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

/** The lease key's word that its lease serves this specification and nothing else. */
export function bindWorkload(domain: MarketDomain, key: LeaseKey, client: Address, spec: JobSpec): Promise<Hex> {
  const data = workloadBindingData(domain, client, key.address, documentHash(spec));
  return sign({ hash: digestOf(data), privateKey: key.privateKey, to: "hex" });
}
