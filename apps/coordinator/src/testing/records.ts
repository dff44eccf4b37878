import type { Address, Hex } from "@corepool/core/hex";
import type { MachineRecord } from "@corepool/core/ports/store";
import { documentHash } from "@corepool/protocol/eip712";
import type { TermsMessage } from "@corepool/protocol/spec";
import { zeroAddress, zeroHash } from "viem";
import { UNPAID } from "../leases/unpaid.ts";
import type { Attempt, Lease, Offer, OnChain, Unit, Workload } from "../market/documents.ts";
import { offerFor, unitSpec } from "./unit.ts";

export const bytes32 = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
export const account = (n: number): Address => `0x${n.toString(16).padStart(40, "0")}`;
const idOf = (prefix: string, n: number) => `${prefix}_${String(n).padStart(26, "0")}`;

export const PROVIDER = account(0xa);
export const CLIENT = account(0xc);
export const TOKEN = account(0x7);

export const machineRecord = (n: number, changes: Partial<MachineRecord> = {}): MachineRecord => ({
  id: bytes32(n),
  provider: PROVIDER,
  publicKey: "0x04",
  agentVersion: "test",
  epoch: 1,
  online: true,
  lastSeenAt: 1_000,
  registeredAt: 1_000 + n,
  ...changes,
});

export function unitRecord(machine: number, unit: number, changes: Parameters<typeof unitSpec>[2] = {}): Unit {
  const spec = unitSpec(bytes32(machine), unit, changes);
  const { devices } = spec;
  return { provider: PROVIDER, unit, machine: bytes32(machine), spec, specHash: documentHash(spec), devices };
}

export function offerRecord(n: number, unit: Unit, changes: Partial<Offer> = {}): Offer {
  const offer = offerFor(unit.spec, { provider: PROVIDER, token: TOKEN, rate: changes.rate ?? 5n });
  return {
    id: idOf("ofr", n),
    hash: bytes32(1_000 + n),
    machine: unit.machine,
    provider: PROVIDER,
    unit: unit.unit,
    token: TOKEN,
    rate: 5n,
    minSeconds: 1,
    maxSeconds: 3_600,
    notBefore: 0,
    expiry: 4_000_000_000,
    client: null,
    signed: { spec: unit.spec, offer, signature: "0x", proof: [] },
    createdAt: 1_000,
    ...changes,
  };
}

export const workloadRecord = (n: number, changes: Partial<Workload> = {}): Workload => ({
  id: idOf("wkl", n),
  account: CLIENT,
  state: "pending",
  reason: null,
  detail: null,
  spec: {
    kind: "job",
    command: ["true"],
    env: {},
    resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 28, gpus: { count: 0 } },
    inputs: [],
    durationSeconds: 60,
    needs: [],
  },
  constraints: { token: TOKEN, requireCgroup: false },
  mandate: null,
  placed: null,
  placedAt: null,
  lease: null,
  outputs: [],
  cancelRequested: false,
  createdAt: 1_000 + n,
  endedAt: null,
  ...changes,
});

export const attemptRecord = (
  n: number,
  workload: Workload,
  lease: Lease,
  changes: Partial<Attempt> = {},
): Attempt => ({
  id: idOf("att", n),
  workload: workload.id,
  number: 1,
  lease: lease.id,
  machine: lease.machine,
  provider: lease.provider,
  state: "assigned",
  spec: unitSpec(lease.machine, lease.unit),
  timeline: [],
  exitCode: null,
  reason: null,
  detail: null,
  usage: null,
  usageSignature: null,
  createdAt: 1_000,
  ...changes,
});

export function leaseRecord(n: number, workload: Workload, unit: Unit, changes: Partial<Lease> = {}): Lease {
  const offer = offerFor(unit.spec, { provider: PROVIDER, token: TOKEN, rate: 5n });
  return {
    id: bytes32(0xe000 + n),
    workload: workload.id,
    client: CLIENT,
    mandate: null,
    machine: unit.machine,
    provider: PROVIDER,
    unit: unit.unit,
    seq: 0,
    devices: unit.devices,
    token: TOKEN,
    state: "ordered",
    rate: 5n,
    escrow: 300n,
    durationSeconds: 60,
    graceSeconds: 2,
    intervalSeconds: 1,
    holdSeconds: 30,
    key: account(0x4e),
    publicKey: "0x04",
    binding: "0x",
    nonce: n,
    orderHash: bytes32(0x0d00 + n),
    opening: {
      offer,
      offerSig: "0x",
      offerProof: [],
      order: {
        client: CLIENT,
        token: TOKEN,
        maxRate: "5",
        bid: "0",
        maxEscrow: "300",
        duration: 60,
        key: account(0x4e),
        units: zeroHash,
        expiry: 4_000_000_000,
        nonce: n,
        counter: 1,
        gang: "0",
        funder: zeroAddress,
        fundingRef: zeroHash,
      },
      orderSig: "0x",
      unitProof: [],
    },
    ...UNPAID,
    createdAt: 1_000 + n,
    ...changes,
  };
}

export const termsOf = (lease: Lease, changes: Partial<TermsMessage> = {}): TermsMessage => ({
  provider: lease.provider,
  unit: String(lease.unit),
  seq: lease.seq,
  client: lease.client,
  payTo: lease.provider,
  key: lease.key,
  token: lease.token,
  rate: String(lease.rate),
  escrow: String(lease.escrow),
  paid: "0",
  start: 1_000,
  end: 1_060,
  maxEnd: 4_600,
  closeAt: 0,
  grace: lease.graceSeconds,
  feeBps: 500,
  funder: zeroAddress,
  fundingRef: zeroHash,
  ...changes,
});

export const onChain = (lease: Lease, changes: Partial<OnChain> = {}): OnChain => ({
  id: lease.id,
  terms: termsOf(lease),
  orderHash: lease.orderHash,
  live: true,
  client: lease.client,
  token: lease.token,
  payTo: lease.provider,
  funded: false,
  escrow: lease.escrow,
  paid: 0n,
  fee: 0n,
  refund: null,
  reason: null,
  openTx: bytes32(0x77),
  openBlock: 1n,
  closeTx: null,
  closeBlock: null,
  ...changes,
});
