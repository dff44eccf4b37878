import type { Address, Hex } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import {
  concat,
  encodeAbiParameters,
  getTypesForEIP712Domain,
  hashDomain,
  hashStruct,
  keccak256,
  toBytes,
  zeroHash,
} from "viem";
import { merkleTree } from "./merkle.ts";
import type { MandateMessage, OfferMessage, OrderMessage, UsageReport } from "./spec.ts";

/** Where signatures of the lease market are valid: one contract on one chain. */
export interface MarketDomain {
  readonly chainId: number;
  readonly market: Address;
}

/** The domain of a market's signatures and names. */
export function domainOf(market: {
  readonly chainId: number;
  readonly contracts: { readonly leaseMarket: Address };
}): MarketDomain {
  return { chainId: market.chainId, market: market.contracts.leaseMarket };
}

const f = (name: string, type: string) => ({ name, type });

/** The EIP-712 types of LeaseMarket, field for field as in contracts/src/interfaces/ILeaseMarket.sol. */
export const TYPES = {
  Offer: [
    f("provider", "address"),
    f("payTo", "address"),
    f("token", "address"),
    f("unit", "uint64"),
    f("spec", "bytes32"),
    f("rate", "uint96"),
    f("minSeconds", "uint32"),
    f("maxSeconds", "uint32"),
    f("grace", "uint32"),
    f("notBefore", "uint40"),
    f("expiry", "uint40"),
    f("counter", "uint32"),
    f("client", "address"),
  ],
  Order: [
    f("client", "address"),
    f("token", "address"),
    f("maxRate", "uint96"),
    f("bid", "uint96"),
    f("maxEscrow", "uint128"),
    f("duration", "uint32"),
    f("key", "address"),
    f("units", "bytes32"),
    f("expiry", "uint40"),
    f("nonce", "uint32"),
    f("counter", "uint32"),
    f("gang", "uint64"),
    f("funder", "address"),
    f("fundingRef", "bytes32"),
  ],
  Mandate: [
    f("client", "address"),
    f("operator", "address"),
    f("token", "address"),
    f("maxRate", "uint96"),
    f("maxEscrow", "uint128"),
    f("maxTotal", "uint128"),
    f("providers", "bytes32"),
    f("expiry", "uint40"),
    f("counter", "uint32"),
    f("salt", "uint32"),
  ],
  MandatedOrder: [f("mandate", "bytes32"), f("order", "bytes32")],
  OfferBatch: [f("root", "bytes32")],
  PaymentNote: [f("lease", "bytes32"), f("total", "uint128")],
  Close: [f("lease", "bytes32"), f("total", "uint128")],
  RequestClose: [f("lease", "bytes32")],
  TopUp: [f("lease", "bytes32"), f("addSeconds", "uint32"), f("expectedEnd", "uint40")],
  CancelAll: [f("account", "address"), f("counter", "uint32")],
  RevokeMandate: [f("mandate", "bytes32")],
} as const;

/** Types that never reach the chain; they share its domain so that one market's report is not another's. */
export const OFF_CHAIN_TYPES = {
  /** The lease key says what its lease is for: this workload of this client and no other. */
  WorkloadBinding: [f("client", "address"), f("key", "address"), f("spec", "bytes32")],
  /** The lease key says that no further payment note will come than the one over this total. */
  LeaseOver: [f("lease", "bytes32"), f("total", "uint128")],
  AgentHello: [f("provider", "address"), f("machine", "bytes32"), f("nonce", "bytes32")],
  UsageReport: [
    f("lease", "bytes32"),
    f("attempt", "string"),
    f("startedAtMs", "uint64"),
    f("endedAtMs", "uint64"),
    f("frozenMs", "uint64"),
    f("cpuMs", "uint64"),
    f("maxRssBytes", "uint64"),
    f("exitCode", "int32"),
    f("reason", "string"),
    f("outputs", "bytes32"),
  ],
} as const;

type Message = Readonly<Record<string, unknown>>;

function typed(domain: MarketDomain, primaryType: string, message: Message): TypedData {
  const all: Record<string, readonly { readonly name: string; readonly type: string }[]> = {
    ...TYPES,
    ...OFF_CHAIN_TYPES,
  };
  const fields = all[primaryType];
  if (fields === undefined) throw new TypeError(`unknown typed data ${primaryType}`);
  return {
    domain: { name: "Corepool LeaseMarket", version: "1", chainId: domain.chainId, verifyingContract: domain.market },
    types: { [primaryType]: fields },
    primaryType,
    message,
  };
}

export const offerData = (d: MarketDomain, m: OfferMessage) => typed(d, "Offer", m);
export const orderData = (d: MarketDomain, m: OrderMessage) => typed(d, "Order", m);
export const mandateData = (d: MarketDomain, m: MandateMessage) => typed(d, "Mandate", m);
/** What a mandate's operator signs instead of the order: both struct hashes, so that it is good under that mandate only. */
export const mandatedOrderData = (d: MarketDomain, mandate: MandateMessage, order: OrderMessage) =>
  typed(d, "MandatedOrder", { mandate: structHash(mandateData(d, mandate)), order: structHash(orderData(d, order)) });
export const offerBatchData = (d: MarketDomain, root: Hex) => typed(d, "OfferBatch", { root });
export const paymentNoteData = (d: MarketDomain, lease: Hex, total: bigint) =>
  typed(d, "PaymentNote", { lease, total });
export const closeData = (d: MarketDomain, lease: Hex, total: bigint) => typed(d, "Close", { lease, total });
export const requestCloseData = (d: MarketDomain, lease: Hex) => typed(d, "RequestClose", { lease });
export const topUpData = (d: MarketDomain, lease: Hex, addSeconds: number, expectedEnd: number) =>
  typed(d, "TopUp", { lease, addSeconds, expectedEnd });
export const cancelAllData = (d: MarketDomain, account: Address, counter: number) =>
  typed(d, "CancelAll", { account, counter });
export const revokeMandateData = (d: MarketDomain, mandate: Hex) => typed(d, "RevokeMandate", { mandate });
export const agentHelloData = (d: MarketDomain, provider: Address, machine: Hex, nonce: Hex) =>
  typed(d, "AgentHello", { provider, machine, nonce });
/** @param spec {@link documentHash} of the workload's specification */
export const workloadBindingData = (d: MarketDomain, client: Address, key: Address, spec: Hex) =>
  typed(d, "WorkloadBinding", { client, key, spec });
export const leaseOverData = (d: MarketDomain, lease: Hex, total: bigint) => typed(d, "LeaseOver", { lease, total });
export const usageReportData = (d: MarketDomain, report: UsageReport) => typed(d, "UsageReport", report);

/** Domain separators by what they are made of: one for each market. */
const separators = new Map<string, Hex>();

function separatorOf(domain: TypedData["domain"]): Hex {
  const key = JSON.stringify(domain);
  const known = separators.get(key);
  if (known !== undefined) return known;
  const types = { EIP712Domain: getTypesForEIP712Domain({ domain }) };
  const fresh = hashDomain({ domain, types } as Parameters<typeof hashDomain>[0]);
  // Domains come from configuration, but nothing that others say may fill the memory.
  if (separators.size < 64) separators.set(key, fresh);
  return fresh;
}

/** The EIP-712 digest that is signed. */
export function digestOf(data: TypedData): Hex {
  return keccak256(concat(["0x1901", separatorOf(data.domain), structHash(data)]));
}

/** The EIP-712 struct hash, as it stands in events: the same in every market. */
export function structHash(data: TypedData): Hex {
  return hashStruct({ data: data.message, primaryType: data.primaryType, types: data.types } as Parameters<
    typeof hashStruct
  >[0]);
}

/** Leaf of a batch of offers: keccak256 of the offer's struct hash. */
export function offerLeaf(domain: MarketDomain, offer: OfferMessage): Hex {
  return keccak256(structHash(offerData(domain, offer)));
}

/**
 * A machine's name: keccak256(abi.encode("corepool machine", provider, salt)). It commits to its provider, so that nobody
 * can announce another provider's machine as his own, first or later.
 */
export function machineId(provider: Address, salt: Hex): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "string" }, { type: "address" }, { type: "bytes32" }],
      ["corepool machine", provider, salt],
    ),
  );
}

/** The lease's name on chain: keccak256(abi.encode(chainId, market, provider, unit, seq)). */
export function leaseId(domain: MarketDomain, provider: Address, unit: bigint, seq: number): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "uint256" }, { type: "address" }, { type: "address" }, { type: "uint64" }, { type: "uint32" }],
      [BigInt(domain.chainId), domain.market, provider, unit, seq],
    ),
  );
}

const ANY_UNIT = 2n ** 256n - 1n;

/** Leaf of an order's or mandate's allow-list: one unit of a provider, or all of them when `unit` is undefined. */
export function unitLeaf(provider: Address, unit?: bigint): Hex {
  const inner = keccak256(
    encodeAbiParameters([{ type: "address" }, { type: "uint256" }], [provider, unit ?? ANY_UNIT]),
  );
  return keccak256(inner);
}

/**
 * The tree of an allow-list of providers with all their units: its root goes into a mandate (or order), a provider's
 * proof along with an opening. Providers in the order given; an empty list has the zero root, which allows all.
 */
export function providerTree(providers: readonly Address[]): {
  readonly root: Hex;
  readonly proofs: readonly (readonly Hex[])[];
} {
  if (providers.length === 0) return { root: zeroHash, proofs: [] };
  return merkleTree(providers.map((provider) => unitLeaf(provider)));
}

/** Canonical JSON (RFC 8785 for the values we use: no floats): keys sorted, no white space. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonicalJson(v)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Hash of a document as it stands in an offer (`spec`) or a usage report (`outputs`). */
export function documentHash(value: unknown): Hex {
  return keccak256(toBytes(canonicalJson(value)));
}
