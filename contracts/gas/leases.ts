import type { Address, Hex } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import {
  closeData,
  digestOf,
  leaseId,
  mandateData,
  mandatedOrderData,
  offerBatchData,
  offerData,
  orderData,
  paymentNoteData,
} from "@corepool/protocol/eip712";
import { merkleTree } from "@corepool/protocol/merkle";
import {
  type ContractFunctionArgs,
  encodeAbiParameters,
  encodeFunctionData,
  hashStruct,
  keccak256,
  parseAbiParameters,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  zeroAddress,
  zeroHash,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { GENESIS } from "./node.ts";
import type { World } from "./world.ts";

export type OpenArgs = ContractFunctionArgs<typeof leaseMarketAbi, "nonpayable", "open">[0];
export type SettleArgs = ContractFunctionArgs<typeof leaseMarketAbi, "nonpayable", "settle">[0];
export type Offer = OpenArgs["offer"];
export type Terms = SettleArgs["terms"];

/** 0.001 GP a second, for an hour, with a minute of grace: 18-decimals amounts as production has them. */
export const RATE = 1_000_000_000_000_003n;
export const DURATION = 3600;
const FEE_BPS = 500;
const FAR = GENESIS + 30 * 86_400;

export const offerOf = (world: World, provider: Address, unit: bigint): Offer => ({
  provider,
  payTo: zeroAddress,
  token: world.gp,
  unit,
  spec: keccak256(provider),
  rate: RATE,
  minSeconds: 60,
  maxSeconds: 86_400,
  grace: 60,
  notBefore: GENESIS,
  expiry: FAR,
  counter: 1,
  client: zeroAddress,
});

export interface SignedOffers {
  readonly offers: readonly Offer[];
  readonly sig: Hex;
  readonly proofs: readonly (readonly Hex[])[];
}

const structHash = (data: TypedData) =>
  hashStruct({ data: data.message, types: data.types, primaryType: data.primaryType } as Parameters<
    typeof hashStruct
  >[0]);

/** Signatures are deterministic (RFC 6979) and travel in 64 bytes (ERC-2098), to which any relayer can fold them. */
async function sign(who: PrivateKeyAccount, data: TypedData): Promise<Hex> {
  const signature = parseSignature(await who.sign({ hash: digestOf(data) }));
  return serializeCompactSignature(signatureToCompactSignature(signature));
}

/** A provider's units from `first` on, all under one signed root. */
export async function batchOf(
  world: World,
  provider: PrivateKeyAccount,
  first: bigint,
  count: number,
): Promise<SignedOffers> {
  const offers = Array.from({ length: count }, (_, i) => offerOf(world, provider.address, first + BigInt(i)));
  const leaves = offers.map((offer) => keccak256(structHash(offerData(world.domain, offer as never))));
  const { root, proofs } = merkleTree(leaves);
  return { offers, proofs, sig: await sign(provider, offerBatchData(world.domain, root)) };
}

/** The same for one offer signed alone. */
export async function singleOffer(world: World, provider: PrivateKeyAccount, unit: bigint): Promise<SignedOffers> {
  const offer = offerOf(world, provider.address, unit);
  return { offers: [offer], proofs: [[]], sig: await sign(provider, offerData(world.domain, offer as never)) };
}

export interface Client {
  readonly account: PrivateKeyAccount;
  readonly key: PrivateKeyAccount;
  nonce: number;
}

/** The calldata of one opening: the client's order for the given offer. */
export async function orderFor(
  world: World,
  signed: SignedOffers,
  index: number,
  client: Client,
  signer: PrivateKeyAccount = client.account,
  mandate?: SignedMandate,
): Promise<OpenArgs> {
  const offer = signed.offers[index];
  const proof = signed.proofs[index];
  if (offer === undefined || proof === undefined) throw new RangeError(`no offer ${index}`);
  client.nonce += 1;
  const order = {
    client: client.account.address,
    token: world.gp,
    maxRate: RATE * 2n,
    bid: 0n,
    maxEscrow: RATE * BigInt(DURATION) * 2n,
    duration: DURATION,
    key: client.key.address,
    units: zeroHash,
    expiry: FAR,
    nonce: client.nonce,
    counter: 1,
    gang: 0n,
    funder: zeroAddress,
    fundingRef: zeroHash,
  };
  const data =
    mandate === undefined
      ? orderData(world.domain, order as never)
      : mandatedOrderData(world.domain, mandate.message as never, order as never);
  const orderSig = await sign(signer, data);
  const bytes = mandate?.bytes ?? "0x";
  return { offer, offerSig: signed.sig, offerProof: proof, order, orderSig, unitProof: [], mandate: bytes };
}

const mandateParameters = parseAbiParameters(
  "(address client,address operator,address token,uint96 maxRate,uint128 maxEscrow,uint128 maxTotal,bytes32 providers,uint40 expiry,uint32 counter,uint32 salt), bytes, bytes32[]",
);

export interface SignedMandate {
  readonly message: Readonly<Record<string, unknown>>;
  /** As an opening carries it. */
  readonly bytes: Hex;
}

/** The mandate of openings that the operator signs for the client. */
export async function mandateOf(world: World, client: Client, operator: Address): Promise<SignedMandate> {
  const message = {
    client: client.account.address,
    operator,
    token: world.gp,
    maxRate: RATE,
    maxEscrow: RATE * BigInt(DURATION),
    maxTotal: RATE * BigInt(DURATION) * 100n,
    providers: zeroHash,
    expiry: FAR,
    counter: 1,
    salt: 1,
  };
  const sig = await sign(client.account, mandateData(world.domain, message as never));
  return { message, bytes: encodeAbiParameters(mandateParameters, [message, sig, []]) };
}

export const openData = (args: OpenArgs): Hex =>
  encodeFunctionData({ abi: leaseMarketAbi, functionName: "open", args: [args] });
export const openManyData = (args: readonly OpenArgs[], allOrNone = false): Hex =>
  encodeFunctionData({ abi: leaseMarketAbi, functionName: "openMany", args: [args as OpenArgs[], allOrNone] });
export const settleData = (args: SettleArgs): Hex =>
  encodeFunctionData({ abi: leaseMarketAbi, functionName: "settle", args: [args] });
export const settleManyData = (args: readonly SettleArgs[], closing: boolean): Hex =>
  encodeFunctionData({ abi: leaseMarketAbi, functionName: "settleMany", args: [args as SettleArgs[], closing] });
export const closeNowData = (args: SettleArgs): Hex =>
  encodeFunctionData({ abi: leaseMarketAbi, functionName: "closeNow", args: [args] });

/** The terms of a lease that opened at `start`. */
export function termsOf(args: OpenArgs, seq: number, start: number): Terms {
  return {
    provider: args.offer.provider,
    unit: args.offer.unit,
    seq,
    client: args.order.client,
    payTo: args.offer.provider,
    key: args.order.key,
    token: args.offer.token,
    rate: args.offer.rate,
    escrow: args.offer.rate * BigInt(DURATION),
    paid: 0n,
    start,
    end: start + DURATION,
    maxEnd: start + args.offer.maxSeconds,
    closeAt: 0,
    grace: args.offer.grace,
    feeBps: FEE_BPS,
    funder: zeroAddress,
    fundingRef: zeroHash,
  };
}

/** The last note of a lease for `seconds` of service, with the provider's consent to end it when `provider` is given. */
export async function noteFor(
  world: World,
  terms: Terms,
  key: PrivateKeyAccount,
  seconds: number,
  provider?: PrivateKeyAccount,
): Promise<SettleArgs> {
  const lease = leaseId(world.domain, terms.provider, terms.unit, terms.seq);
  const total = terms.rate * BigInt(seconds);
  return {
    terms,
    total,
    noteSig: await sign(key, paymentNoteData(world.domain, lease, total)),
    closeSig: provider === undefined ? "0x" : await sign(provider, closeData(world.domain, lease, total)),
  };
}
