import type { Address, Hex } from "@corepool/core/hex";
import {
  digestOf,
  documentHash,
  type MarketDomain,
  offerBatchData,
  offerData,
  offerLeaf,
} from "@corepool/protocol/eip712";
import { merkleTree } from "@corepool/protocol/merkle";
import type { OfferMessage, SignedOffer, UnitSpec } from "@corepool/protocol/spec";
import { zeroAddress } from "viem";
import { sign } from "viem/accounts";

const GIB = 2 ** 30;

/** A unit of one core of a machine; two units with different numbers share no device. */
export function unitSpec(machine: Hex, unit: number, changes: Partial<UnitSpec> = {}): UnitSpec {
  return {
    version: 1,
    machine,
    unit,
    resources: { cpus: 2, memoryBytes: 4 * GIB, diskBytes: 8 * GIB, gpus: [] },
    devices: [`cpu:${unit}`],
    isolation: {
      runtime: "bubblewrap",
      runtimeVersion: "0.8.0",
      user: "dedicated",
      limits: "cgroup-v2",
      workspace: "ext4-loop",
      seccomp: true,
      network: "none",
      weaknesses: [],
    },
    platform: { os: "linux", arch: "x64", kernel: "6.1", cpuModel: "test" },
    software: ["python3"],
    intervalSeconds: 1,
    holdSeconds: 30,
    pool: "open",
    ...changes,
  };
}

export interface OfferWish {
  readonly provider: Address;
  readonly token: Address;
  readonly rate: bigint;
  readonly changes?: Partial<OfferMessage>;
}

/** The terms of an offer for a unit. */
export function offerFor(spec: UnitSpec, { provider, token, rate, changes }: OfferWish): OfferMessage {
  return {
    provider,
    payTo: zeroAddress,
    token,
    unit: String(spec.unit),
    spec: documentHash(spec),
    rate: String(rate),
    minSeconds: 1,
    maxSeconds: 86_400,
    grace: 2,
    notBefore: 0,
    expiry: 4_000_000_000,
    counter: 1,
    client: zeroAddress,
    ...changes,
  };
}

/** Offers signed with one signature over their Merkle root; a single one is signed by itself. */
export async function signOffers(
  domain: MarketDomain,
  key: Hex,
  offers: readonly { readonly spec: UnitSpec; readonly offer: OfferMessage }[],
): Promise<SignedOffer[]> {
  const [only] = offers;
  if (only === undefined) return [];
  if (offers.length === 1) {
    const signature = await sign({ hash: digestOf(offerData(domain, only.offer)), privateKey: key, to: "hex" });
    return [{ ...only, signature, proof: [] }];
  }
  const { root, proofs } = merkleTree(offers.map(({ offer }) => offerLeaf(domain, offer)));
  const signature = await sign({ hash: digestOf(offerBatchData(domain, root)), privateKey: key, to: "hex" });
  return offers.map((each, i) => ({ ...each, signature, proof: [...(proofs[i] ?? [])] }));
}
