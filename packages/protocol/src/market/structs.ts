import type { Address, Hex } from "@corepool/core/hex";
import { encodeAbiParameters, getAbiItem, keccak256 } from "viem";
import { leaseMarketAbi } from "../abi/lease-market.gen.ts";
import type { MandateMessage, OfferMessage, OrderMessage, TermsMessage } from "../spec.ts";

/** Wire messages (wide numbers as decimal strings) in the shape that the contract's ABI takes. */

export const offerStruct = (m: OfferMessage) => ({ ...m, unit: BigInt(m.unit), rate: BigInt(m.rate) });

export const orderStruct = (m: OrderMessage) => ({
  ...m,
  maxRate: BigInt(m.maxRate),
  bid: BigInt(m.bid),
  maxEscrow: BigInt(m.maxEscrow),
  gang: BigInt(m.gang),
});

export const mandateStruct = (m: MandateMessage) => ({
  ...m,
  maxRate: BigInt(m.maxRate),
  maxEscrow: BigInt(m.maxEscrow),
  maxTotal: BigInt(m.maxTotal),
});

export const termsStruct = (m: TermsMessage) => ({
  ...m,
  unit: BigInt(m.unit),
  rate: BigInt(m.rate),
  escrow: BigInt(m.escrow),
  paid: BigInt(m.paid),
});

/** An operator's authority, as it travels with an opening. `proof` is for `mandate.providers`. */
export interface MandateEvidence {
  readonly mandate: MandateMessage;
  readonly sig: Hex;
  readonly proof: readonly Hex[];
}

/** Everything that opens one lease. */
export interface OpenInput {
  readonly offer: OfferMessage;
  readonly offerSig: Hex;
  /** Empty with an offer that was signed alone. */
  readonly offerProof: readonly Hex[];
  readonly order: OrderMessage;
  readonly orderSig: Hex;
  /** For `order.units`; empty when the root is the leaf itself. */
  readonly unitProof: readonly Hex[];
  readonly mandate?: MandateEvidence;
}

/** Everything that settles one lease. Totals in base units, fee included. */
export interface SettleInput {
  readonly terms: TermsMessage;
  readonly total: bigint;
  /** By the lease key over PaymentNote(lease, total); empty (0x) when the total is what is paid already. */
  readonly noteSig: Hex;
  /** Empty (0x) keeps the lease open; else the provider's over Close(lease, total). */
  readonly closeSig: Hex;
}

const termsParameter = getAbiItem({ abi: leaseMarketAbi, name: "finalizeClose" }).inputs[0];
const mandateParameter = getAbiItem({ abi: leaseMarketAbi, name: "revokeMandate" }).inputs[0];

/** What the contract stores for a live lease: keccak256(abi.encode(Terms)). */
export function termsHash(terms: TermsMessage): Hex {
  return keccak256(encodeAbiParameters([termsParameter], [termsStruct(terms)]));
}

/** `OpenArgs.mandate`: abi.encode(Mandate, bytes sig, bytes32[] proof), or nothing. */
export function mandateBytes(evidence: MandateEvidence | undefined): Hex {
  if (evidence === undefined) return "0x";
  return encodeAbiParameters(
    [mandateParameter, { type: "bytes" }, { type: "bytes32[]" }],
    [mandateStruct(evidence.mandate), evidence.sig, evidence.proof],
  );
}

export const openStruct = (input: OpenInput) => ({
  offer: offerStruct(input.offer),
  offerSig: input.offerSig,
  offerProof: input.offerProof,
  order: orderStruct(input.order),
  orderSig: input.orderSig,
  unitProof: input.unitProof,
  mandate: mandateBytes(input.mandate),
});

export const settleStruct = (input: SettleInput) => ({
  terms: termsStruct(input.terms),
  total: input.total,
  noteSig: input.noteSig,
  closeSig: input.closeSig,
});

/** The nonce that binds an ERC-3009 deposit to its beneficiary: keccak256(abi.encode(chainId, market, account, salt)). */
export function authorizationNonce(
  domain: { readonly chainId: number; readonly market: Address },
  account: Address,
  salt: Hex,
): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint256" }, { type: "address" }, { type: "address" }, { type: "bytes32" }],
      [BigInt(domain.chainId), domain.market, account, salt],
    ),
  );
}
