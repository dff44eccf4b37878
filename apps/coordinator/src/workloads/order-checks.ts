import { CorepoolError } from "@corepool/core/errors";
import { type Hex, sameAddress } from "@corepool/core/hex";
import {
  digestOf,
  documentHash,
  mandatedOrderData,
  orderData,
  unitLeaf,
  workloadBindingData,
} from "@corepool/protocol/eip712";
import type { MandateEvidence } from "@corepool/protocol/market/structs";
import { merkleVerify } from "@corepool/protocol/merkle";
import type { OrderMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { publicKeyToAddress } from "viem/utils";
import { type MarketContext, secondsOf } from "../market/context.ts";
import type { PlacedOffer, Workload } from "../market/documents.ts";
import { isSignedBy, isSignedByKey } from "../market/signatures.ts";

/** A signed order for a placed offer. */
export interface Acceptance {
  readonly order: OrderMessage;
  readonly signature: Hex;
  /** Uncompressed public key of `order.key`. */
  readonly leasePublicKey: Hex;
  /** Of `order.key` over the workload's specification. */
  readonly binding: Hex;
  readonly unitProof: readonly Hex[];
  /** Signed by a mandate's operator: the mandate's id when the coordinator is he, and its evidence. */
  readonly mandate?: { readonly id: string | null; readonly evidence: MandateEvidence } | undefined;
}

/** An order must outlive the wait for its transaction. */
const LEAST_LIFE_SECONDS = 5;

function mismatch(detail: string): never {
  throw new CorepoolError("order-mismatch", {
    detail: `The order does not accept the placed offer: ${detail}.`,
    next: "Sign an order for exactly the offer in `placed`, or place the workload again.",
  });
}

function checkMandate(order: OrderMessage, escrow: bigint, rate: bigint, now: number, evidence: MandateEvidence): void {
  const { mandate } = evidence;
  const exceeded = (detail: string): never => {
    throw new CorepoolError("mandate-exceeded", {
      detail: `The mandate does not cover this order: ${detail}.`,
      next: "Grant a wider mandate, or sign the order yourself.",
    });
  };
  if (!sameAddress(mandate.client, order.client)) exceeded("it is another client's");
  if (!sameAddress(mandate.token, order.token)) exceeded("it is for another token");
  if (BigInt(mandate.maxRate) < rate) exceeded(`its highest rate is ${mandate.maxRate}`);
  if (BigInt(mandate.maxEscrow) < escrow) exceeded(`its highest escrow is ${mandate.maxEscrow}`);
  if (mandate.expiry < now) exceeded("it has expired");
}

function inList(root: Hex, proof: readonly Hex[], provider: Hex, unit: bigint): boolean {
  if (root === zeroHash) return true;
  return merkleVerify(unitLeaf(provider, unit), proof, root) || merkleVerify(unitLeaf(provider), proof, root);
}

/**
 * Checks an order against the placed offer, field for field, and its signature. Returns the lease's rate (base units
 * per second). Rejects with `order-mismatch`, `order-expired`, `mandate-exceeded` or `bad-signature`.
 */
export async function checkAcceptance(
  context: MarketContext,
  workload: Workload,
  placed: PlacedOffer,
  acceptance: Acceptance,
): Promise<bigint> {
  const { order, mandate } = acceptance;
  const { offer } = placed.signed;
  const now = secondsOf(context.clock);
  const floor = BigInt(offer.rate);
  const rate = BigInt(order.bid) > floor ? BigInt(order.bid) : floor;
  const escrow = rate * BigInt(order.duration);
  const { maxRate, maxEscrow } = workload.constraints;
  const unit = BigInt(offer.unit);

  if (!sameAddress(order.client, workload.account)) mismatch("its client is not the workload's account");
  if (!sameAddress(order.token, offer.token)) mismatch("it is in another token");
  if (order.duration !== workload.spec.durationSeconds) mismatch("its duration is not the workload's");
  if (BigInt(order.maxRate) < rate) mismatch("its highest rate is below the offer's");
  if (BigInt(order.maxEscrow) < escrow) mismatch("its highest escrow does not cover the duration");
  if (maxRate !== undefined && rate > BigInt(maxRate)) mismatch("its bid is above the workload's own highest rate");
  if (maxEscrow !== undefined && escrow > BigInt(maxEscrow)) mismatch("its escrow is above the workload's own limit");
  if (escrow !== placed.escrow) mismatch("a bid above the offer changes the escrow; place it at the offer's price");
  if (order.gang !== "0") mismatch("gangs are not opened by this coordinator");
  if (!sameAddress(order.funder, zeroAddress) || order.fundingRef !== zeroHash) mismatch("it is paid by credit");
  if (!inList(order.units, acceptance.unitProof, offer.provider, unit)) mismatch("its list of units lacks this one");
  if (order.expiry < now + LEAST_LIFE_SECONDS) {
    throw new CorepoolError("order-expired", {
      detail: `The order expires at ${order.expiry}; it is ${now}.`,
      next: "Sign one that is good for some minutes.",
    });
  }
  if (!isKeyOf(acceptance.leasePublicKey, order.key)) mismatch("leasePublicKey is not the public key of order.key");
  const bound = workloadBindingData(context.domain, order.client, order.key, documentHash(workload.spec));
  if (!(await isSignedByKey(order.key, digestOf(bound), acceptance.binding))) {
    throw new CorepoolError("bad-signature", {
      detail: "The lease key has not signed for this workload's specification.",
      next: "Sign WorkloadBinding(client, key, spec) with order.key; spec is the hash of the canonical JSON.",
    });
  }
  const digest = digestOf(
    mandate === undefined
      ? orderData(context.domain, order)
      : mandatedOrderData(context.domain, mandate.evidence.mandate, order),
  );
  if (mandate !== undefined) checkMandate(order, escrow, rate, now, mandate.evidence);
  if (
    mandate !== undefined &&
    !inList(mandate.evidence.mandate.providers, mandate.evidence.proof, offer.provider, unit)
  ) {
    throw new CorepoolError("mandate-exceeded", {
      detail: "The mandate's list of providers lacks this one.",
      next: "Grant a wider mandate, or sign the order yourself.",
    });
  }
  const signer = mandate?.evidence.mandate.operator ?? order.client;
  const good =
    mandate?.id != null
      ? await isSignedByKey(signer, digest, acceptance.signature)
      : await isSignedBy(context.chain, signer, digest, acceptance.signature);
  if (!good) {
    throw new CorepoolError("bad-signature", {
      detail: `The order is not signed by ${signer} for chain ${context.domain.chainId} and market ${context.domain.market}.`,
      next: "Sign the order as EIP-712 typed data with that account.",
    });
  }
  return rate;
}

/** An address is a hash, so bytes that are no point of the curve have none that anybody could sign for. */
function isKeyOf(publicKey: Hex, address: Hex): boolean {
  return /^0x04[0-9a-fA-F]{128}$/.test(publicKey) && sameAddress(publicKeyToAddress(publicKey), address);
}
