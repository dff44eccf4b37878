import type { Address, Hex } from "@corepool/core/hex";
import type { LeaseState } from "@corepool/core/lease";
import type { AttemptState, WorkloadState } from "@corepool/core/workload";
import type { LedgerEntry } from "@corepool/protocol/resources";
import type { ColumnType, Generated, GeneratedAlways } from "kysely";

/** A JSON document: written as text, read parsed. */
type Json = ColumnType<unknown, string, string>;

/** Tables of machines, offers, workloads, leases and payments (migrations 0020 and up). */
export interface DomainTables {
  machines: {
    id: Hex;
    provider: Address;
    public_key: Hex;
    agent_version: string;
    epoch: bigint;
    online: boolean;
    draining: Generated<boolean>;
    last_seen_at: Date | null;
    registered_at: Date;
  };
  units: {
    provider: Address;
    unit: bigint;
    machine: Hex;
    spec: Json;
    spec_hash: Hex;
    devices: string[];
    cpus: bigint;
    memory_bytes: bigint;
    disk_bytes: bigint;
    gpus: bigint;
  };
  offers: {
    id: string;
    hash: Hex;
    machine: Hex;
    provider: Address;
    unit: bigint;
    token: Address;
    rate: bigint;
    min_seconds: bigint;
    max_seconds: bigint;
    not_before: bigint;
    expiry: bigint;
    client: Address | null;
    signed: Json;
    open: boolean;
    created_at: Date;
  };
  workloads: {
    id: string;
    account: Address;
    state: WorkloadState;
    reason: string | null;
    detail: string | null;
    spec: Json;
    constraints: Json;
    mandate: string | null;
    placed: ColumnType<unknown, string | null, string | null>;
    placed_at: Date | null;
    lease: Hex | null;
    outputs: Json;
    cancel_requested: boolean;
    created_at: Date;
    ended_at: Date | null;
  };
  attempts: {
    id: string;
    workload: string;
    number: bigint;
    lease: Hex;
    machine: Hex;
    provider: Address;
    state: AttemptState;
    spec: Json;
    timeline: Json;
    exit_code: bigint | null;
    reason: string | null;
    detail: string | null;
    usage: ColumnType<unknown, string | null, string | null>;
    usage_signature: Hex | null;
    created_at: Date;
  };
  leases: {
    id: Hex;
    workload: string;
    client: Address;
    mandate: string | null;
    machine: Hex;
    provider: Address;
    unit: bigint;
    seq: bigint;
    devices: string[];
    token: Address;
    state: LeaseState;
    rate: bigint;
    escrow: bigint;
    duration_seconds: bigint;
    grace_seconds: bigint;
    interval_seconds: bigint;
    hold_seconds: bigint;
    key: Address;
    public_key: Hex;
    binding: Hex;
    nonce: bigint;
    order_hash: Hex;
    opening: Json;
    note_total: bigint;
    note_signature: Hex | null;
    note_over: Hex | null;
    close: ColumnType<unknown, string | null, string | null>;
    batch: string | null;
    open_batch: string | null;
    tries: bigint;
    proven_ms: bigint;
    last_answer: ColumnType<unknown, string | null, string | null>;
    created_at: Date;
  };
  lease_batches: {
    intent: string;
    kind: "open" | "settle" | "finalize";
    address: Address;
    data: Hex;
    leases: Json;
    finished: boolean;
  };
  mandates: {
    id: string;
    client: Address;
    hash: Hex;
    mandate: Json;
    providers: Address[];
    signature: Hex;
    next_nonce: bigint;
    dropped_at: Date | null;
    created_at: Date;
  };
  agent_messages: {
    seq: GeneratedAlways<bigint>;
    machine: Hex;
    key: string;
    message: Json;
  };
  probe_answers: { request: string; answer: Hex | null; frozen: boolean; at: Date };
  log_ends: { attempt: string; taken: bigint; kept: bigint };
  log_chunks: { attempt: string; start: bigint; stream: "stdout" | "stderr"; data: Uint8Array };
  chain_facts: { kind: string; key: string; value: Json };
  chain_facts_undo: {
    seq: GeneratedAlways<bigint>;
    block: bigint;
    kind: string;
    key: string;
    before: ColumnType<unknown, string | null, never>;
  };
  fee_collections: {
    token: Address;
    block: bigint;
    log_index: bigint;
    transaction: Hex;
    burned: bigint;
    sunk: bigint;
  };
  sample_series: { attempt: string; step: bigint; offered: bigint; kept: bigint; last_at: Date };
  samples: {
    attempt: string;
    at: Date;
    cpu_ms: bigint;
    memory_bytes: bigint;
    disk_bytes: bigint | null;
    processes: bigint;
  };
  ledger_entries: {
    id: string;
    account: Address;
    token: Address;
    kind: LedgerEntry["kind"];
    cash: bigint;
    escrow: bigint;
    lease: Hex | null;
    block: bigint;
    transaction: Hex;
    at: Date;
  };
  ledger_start: { at: Date };
  faucet_grants: {
    id: string;
    address: Address;
    gives: Json;
    state: "queued" | "given" | "failed";
    detail: string | null;
    transactions: Json;
    created_at: Date;
  };
  chain_progress: { id: boolean; head: bigint; head_time: bigint; finalized: bigint };
}
