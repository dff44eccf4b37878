import type { CorepoolError } from "@corepool/core/errors";
import type { Address, Hex } from "@corepool/core/hex";
import {
  digestOf,
  documentHash,
  mandatedOrderData,
  orderData,
  unitLeaf,
  workloadBindingData,
} from "@corepool/protocol/eip712";
import { merkleTree } from "@corepool/protocol/merkle";
import type { JobSpec, MandateMessage, OfferMessage, OrderMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";
import { describe, expect, it } from "vitest";
import type { MarketContext } from "../market/context.ts";
import type { PlacedOffer, Workload } from "../market/documents.ts";
import { type Acceptance, checkAcceptance } from "./order-checks.ts";

const NOW = 1_800_000_000;
const RATE = 7_000n;
const SECONDS = 600;
const keyOf = (digit: string): Hex => `0x${digit.repeat(64)}`;
const addressOf = (key: Hex): Address => privateKeyToAccount(key).address;
const [CLIENT, LEASE, OPERATOR, STRANGER] = [keyOf("1"), keyOf("2"), keyOf("3"), keyOf("4")];
const provider: Address = `0x${"aa".repeat(20)}`;
const token: Address = `0x${"bb".repeat(20)}`;
const domain = { chainId: 31_337, market: `0x${"77".repeat(20)}` as Address };
const spec = { kind: "job", command: ["true"], durationSeconds: SECONDS } as unknown as JobSpec;
/** A contract account that agrees to everything. */
const WALLET: Address = `0x${"ee".repeat(20)}`;

const context = {
  domain,
  clock: { now: () => NOW * 1000 + 999 },
  chain: { call: async (to: Address) => (to === WALLET ? `0x1626ba7e${"00".repeat(28)}` : "0x") },
} as unknown as MarketContext;

const offer = { provider, token, unit: "5", rate: String(RATE) } as OfferMessage;
const leaf = unitLeaf(provider, 5n);
const ofAll = unitLeaf(provider);

interface Change {
  readonly order?: Partial<OrderMessage>;
  readonly constraints?: { readonly maxRate?: string; readonly maxEscrow?: string };
  readonly account?: Address;
  readonly escrow?: bigint;
  readonly proof?: readonly Hex[];
  /** Who signs the order. */
  readonly signer?: Hex;
  readonly publicKey?: Hex;
  readonly bound?: Hex;
  readonly mandate?: Partial<MandateMessage> & { readonly id?: string | null; readonly proof?: readonly Hex[] };
}

const mandateOf = (changes: Partial<MandateMessage>): MandateMessage => ({
  client: addressOf(CLIENT),
  operator: addressOf(OPERATOR),
  token,
  maxRate: String(RATE),
  maxEscrow: String(RATE * BigInt(SECONDS)),
  maxTotal: String(RATE * 10_000n),
  providers: zeroHash,
  expiry: NOW,
  counter: 1,
  salt: 0,
  ...changes,
});

/** What the check says of an order that is right but for a change. */
async function check(change: Change = {}): Promise<bigint | string> {
  const order: OrderMessage = {
    client: addressOf(CLIENT),
    token,
    maxRate: String(RATE),
    bid: "0",
    maxEscrow: String(RATE * BigInt(SECONDS)),
    duration: SECONDS,
    key: addressOf(LEASE),
    units: leaf,
    expiry: NOW + 5,
    nonce: 1,
    counter: 1,
    gang: "0",
    funder: zeroAddress,
    fundingRef: zeroHash,
    ...change.order,
  };
  const { id = null, proof = [], ...changed } = change.mandate ?? {};
  const mandate = mandateOf(changed);
  const data = change.mandate === undefined ? orderData(domain, order) : mandatedOrderData(domain, mandate, order);
  const signer = change.signer ?? (change.mandate === undefined ? CLIENT : OPERATOR);
  const bound = workloadBindingData(domain, order.client, order.key, documentHash(spec));
  const acceptance: Acceptance = {
    order,
    signature: await sign({ hash: digestOf(data), privateKey: signer, to: "hex" }),
    leasePublicKey: change.publicKey ?? privateKeyToAccount(LEASE).publicKey,
    binding: await sign({ hash: digestOf(bound), privateKey: change.bound ?? LEASE, to: "hex" }),
    unitProof: change.proof ?? [],
    ...(change.mandate === undefined ? {} : { mandate: { id, evidence: { mandate, sig: "0x", proof } } }),
  };
  const workload = {
    account: change.account ?? addressOf(CLIENT),
    spec,
    constraints: change.constraints ?? {},
  } as unknown as Workload;
  const placed = { signed: { offer }, escrow: change.escrow ?? RATE * BigInt(SECONDS) } as unknown as PlacedOffer;
  return checkAcceptance(context, workload, placed, acceptance).catch((error: CorepoolError) => error.code);
}

describe("an order for a placed offer", () => {
  it("is good at its very limits, and says the rate", async () => {
    expect(await check()).toBe(RATE);
    expect(await check({ constraints: { maxRate: String(RATE), maxEscrow: String(RATE * 600n) } })).toBe(RATE);
    const bid = { bid: "7001", maxRate: "7001", maxEscrow: "4200600" };
    expect(await check({ order: bid, escrow: 4_200_600n })).toBe(7_001n);
    expect(await check({ order: { bid: "6999" } })).toBe(RATE);
  });

  it.each<[string, Change]>([
    ["another account's", { account: addressOf(STRANGER) }],
    ["another token", { order: { token: provider } }],
    ["another duration", { order: { duration: 599 }, escrow: RATE * 599n }],
    ["a rate just below the offer's", { order: { maxRate: "6999" } }],
    ["an escrow just below what it costs", { order: { maxEscrow: "4199999" } }],
    ["a rate just above the workload's own limit", { constraints: { maxRate: "6999" } }],
    ["an escrow just above the workload's own limit", { constraints: { maxEscrow: "4199999" } }],
    ["another escrow than was placed", { escrow: 4_200_001n }],
    ["a gang", { order: { gang: "1" } }],
    ["a funder", { order: { funder: provider } }],
    ["a reference of a funder", { order: { fundingRef: keyOf("9") } }],
    ["a list without the unit", { order: { units: keyOf("9") } }],
    ["another public key", { publicKey: privateKeyToAccount(STRANGER).publicKey }],
    ["a public key without its first byte", { publicKey: `0x${privateKeyToAccount(LEASE).publicKey.slice(4)}` }],
    ["a public key that is no point", { publicKey: `0x04${"00".repeat(64)}` }],
  ])("is refused with %s", async (_, change) => {
    expect(await check(change)).toBe("order-mismatch");
  });

  it("must outlive the wait for its transaction by five seconds", async () => {
    expect(await check({ order: { expiry: NOW + 4 } })).toBe("order-expired");
  });

  it("may list the unit, all units of its provider, or none", async () => {
    expect(await check({ order: { units: zeroHash } })).toBe(RATE);
    for (const allowed of [leaf, ofAll]) {
      const { root, proofs } = merkleTree([keyOf("9"), allowed, keyOf("8")]);
      expect(await check({ order: { units: root }, proof: proofs[1] ?? [] })).toBe(RATE);
      expect(await check({ order: { units: root }, proof: proofs[0] ?? [] })).toBe("order-mismatch");
    }
  });

  it("is the client's, by its key or its contract, and bound to the workload by the lease key", async () => {
    expect(await check({ signer: STRANGER })).toBe("bad-signature");
    expect(await check({ bound: CLIENT })).toBe("bad-signature");
    expect(await check({ signer: STRANGER, account: WALLET, order: { client: WALLET } })).toBe(RATE);
  });
});

describe("an order under a mandate", () => {
  it("is good at the mandate's very limits, by the operator's word", async () => {
    expect(await check({ mandate: {} })).toBe(RATE);
    expect(await check({ mandate: {}, signer: CLIENT })).toBe("bad-signature");
    const { root, proofs } = merkleTree([keyOf("9"), ofAll]);
    expect(await check({ mandate: { providers: root, proof: proofs[1] ?? [] } })).toBe(RATE);
  });

  it.each<[string, NonNullable<Change["mandate"]>]>([
    ["another client's", { client: addressOf(STRANGER) }],
    ["for another token", { token: provider }],
    ["for a lower rate", { maxRate: "6999" }],
    ["for a lower escrow", { maxEscrow: "4199999" }],
    ["over", { expiry: NOW - 1 }],
    ["for other providers", { providers: keyOf("9") }],
  ])("is refused when the mandate is %s", async (_, mandate) => {
    expect(await check({ mandate })).toBe("mandate-exceeded");
  });

  it("of this operator is signed with a key, whatever contracts say; of another it may be by his contract", async () => {
    expect(await check({ mandate: { operator: WALLET }, signer: STRANGER })).toBe(RATE);
    expect(await check({ mandate: { operator: WALLET, id: "mdt_1" }, signer: STRANGER })).toBe("bad-signature");
    expect(await check({ mandate: { id: "mdt_1" } })).toBe(RATE);
  });
});
