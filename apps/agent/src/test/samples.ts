import type { Hex } from "@corepool/core/hex";
import { leaseId, type MarketDomain } from "@corepool/protocol/eip712";
import { jobSpec, type TermsMessage, type UnitSpec } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Assignment } from "../journal-entries.ts";
import type { HostInventory, Log } from "../ports.ts";
import { unitsOf } from "../units.ts";

export const domain: MarketDomain = { chainId: 31_337, market: `0x${"aa".repeat(20)}` };
export const provider = privateKeyToAccount(`0x${"11".repeat(32)}`);
export const leaseKey = privateKeyToAccount(`0x${"22".repeat(32)}`);
export const token: Hex = `0x${"bb".repeat(20)}`;
export const START = 1_800_000_000;

export const silentLog: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const termsOf = (change: Partial<TermsMessage> = {}): TermsMessage => ({
  provider: provider.address,
  unit: "1",
  seq: 0,
  client: `0x${"cc".repeat(20)}`,
  payTo: provider.address,
  key: leaseKey.address,
  token,
  rate: "1000",
  escrow: "3600000",
  paid: "0",
  start: START,
  end: START + 3_600,
  maxEnd: START + 86_400,
  closeAt: 0,
  grace: 10,
  feeBps: 500,
  funder: zeroAddress,
  fundingRef: zeroHash,
  ...change,
});

export const assignmentOf = (change: Partial<Assignment> = {}): Assignment => {
  const terms = change.terms ?? termsOf();
  return {
    attempt: "att_0000000000000001",
    workload: "wkl_0000000000000001",
    spec: jobSpec.parse({ kind: "job", command: ["true"], resources: {} }),
    lease: leaseId(domain, terms.provider, BigInt(terms.unit), terms.seq),
    terms,
    openTx: zeroHash,
    leasePublicKey: leaseKey.publicKey,
    binding: "0x",
    ...change,
  };
};

export const host: HostInventory = {
  cpus: 4,
  cpuModel: "A Processor",
  memoryBytes: 8 * 2 ** 30,
  diskFreeBytes: 100 * 2 ** 30,
  gpus: [],
  software: ["python3"],
  os: "Linux",
  arch: "x64",
  kernel: "6.1.0",
};

export const isolation: UnitSpec["isolation"] = {
  runtime: "bubblewrap",
  runtimeVersion: "0.12.0",
  user: "dedicated",
  limits: "cgroup-v2",
  workspace: "ext4-loop",
  seccomp: true,
  network: "none",
  weaknesses: [],
};

const slots = [{ slot: "slot-0", diskBytes: 2 ** 30 }];
const cut = { machine: `0x${"77".repeat(32)}`, slices: 0, firstUnit: 1, intervalSeconds: 5, holdSeconds: 300 } as const;
/** The whole of `host` as unit 1. */
export const [unit] = unitsOf(host, isolation, slots, cut) as readonly [UnitSpec];
