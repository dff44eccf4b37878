import type { Address, BlobHash, Hex } from "../hex.ts";
import type { BatchRecord, ChainProjection, LeaseRecord, MandateRecord } from "./store-leases.ts";
import type { AgentMessages, LogStore, Outbox, ProbeAnswers } from "./store-messages.ts";
import type { AttemptRecord, WorkloadRecord } from "./store-workloads.ts";

/**
 * The names of the wire documents that records carry. The store keeps them whole and never reads them; an application
 * fills in their types (core knows no wire).
 */
export interface Documents {
  readonly jobSpec: unknown;
  readonly constraints: unknown;
  readonly unitSpec: unknown;
  readonly signedOffer: unknown;
  readonly refusal: unknown;
  readonly outputFile: unknown;
  readonly usageReport: unknown;
  readonly terms: unknown;
  /** What opens a lease: the signed offer, the signed order and their proofs. */
  readonly opening: unknown;
  readonly mandate: unknown;
  /** A message to an agent without its id. */
  readonly message: unknown;
}

/** A page of a list in creation order, newest first. `before` is the key of the last row seen. */
export interface PageRequest {
  readonly limit: number;
  readonly before: { readonly createdAt: number; readonly id: string } | undefined;
}

/** A host that a provider connected. Times in milliseconds since the epoch. */
export interface MachineRecord {
  readonly id: Hex;
  readonly provider: Address;
  /** Uncompressed secp256k1 key of the provider. */
  readonly publicKey: Hex;
  readonly agentVersion: string;
  /** Counts connections: what an older one says is ignored. */
  readonly epoch: number;
  readonly online: boolean;
  readonly lastSeenAt: number | null;
  readonly registeredAt: number;
}

export interface Machines {
  get(id: Hex): Promise<MachineRecord | undefined>;
  /** As `get`; other transactions that lock it wait until this one ends. */
  lock(id: Hex): Promise<MachineRecord | undefined>;
  put(record: MachineRecord): Promise<void>;
  /** Notes a sign of life of the connection `epoch`; false when a newer connection has taken over. */
  seen(id: Hex, epoch: number, at: number): Promise<boolean>;
  /** The connection `epoch` is over: without a newer one the machine is offline. */
  left(id: Hex, epoch: number): Promise<void>;
  /** Marks machines as offline that were last seen before `at`; returns them. */
  expire(at: number): Promise<readonly Hex[]>;
}

/** A unit as its machine's agent last described it. */
export interface UnitRecord<D extends Documents = Documents> {
  readonly provider: Address;
  readonly unit: number;
  readonly machine: Hex;
  readonly spec: D["unitSpec"];
  readonly specHash: Hex;
  readonly devices: readonly string[];
}

export interface Units<D extends Documents = Documents> {
  /** All units of these machines, by number. */
  ofMachines(machines: readonly Hex[]): Promise<readonly UnitRecord<D>[]>;
  /** Which of a provider's unit numbers belong to another machine of his. */
  elsewhere(provider: Address, machine: Hex, units: readonly number[]): Promise<readonly number[]>;
  /** Replaces all units of a machine. */
  replace(machine: Hex, units: readonly UnitRecord<D>[]): Promise<void>;
}

/** A signed offer. Prices in base units per second; times of validity in seconds since the epoch. */
export interface OfferRecord<D extends Documents = Documents> {
  readonly id: string;
  /** EIP-712 struct hash: the same offer said again is the same record. */
  readonly hash: Hex;
  readonly machine: Hex;
  readonly provider: Address;
  readonly unit: number;
  readonly token: Address;
  readonly rate: bigint;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly notBefore: number;
  readonly expiry: number;
  /** Null: anyone. */
  readonly client: Address | null;
  readonly signed: D["signedOffer"];
  readonly createdAt: number;
}

/** An open offer with what decides whether it can be taken. */
export interface OfferState<D extends Documents = Documents> extends OfferRecord<D> {
  readonly spec: D["unitSpec"];
  readonly devices: readonly string[];
  readonly online: boolean;
  readonly busy: boolean;
}

/** A lossy filter: it may keep an offer that does not fit, and never drops one that does. Missing fields ask nothing. */
export interface OfferFilter {
  readonly token?: Address | undefined;
  readonly provider?: Address | undefined;
  readonly cpus?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly diskBytes?: number | undefined;
  readonly gpus?: number | undefined;
  readonly maxRate?: bigint | undefined;
  readonly durationSeconds?: number | undefined;
  readonly at?: number | undefined;
  readonly free?: boolean | undefined;
}

export interface Offers<D extends Documents = Documents> {
  get(id: string): Promise<OfferState<D> | undefined>;
  /** Makes these the only open offers of the machine; an offer of a known hash keeps its id. */
  replace(machine: Hex, offers: readonly OfferRecord<D>[]): Promise<void>;
  /** Open offers with the unit's state, cheapest first. */
  matching(
    filter: OfferFilter,
    limit: number,
    after?: { readonly rate: bigint; readonly id: string },
  ): Promise<readonly OfferState<D>[]>;
  /** Offers shown to a client (of another workload) since `since` (ms) and not yet ordered. */
  reserved(since: number): Promise<ReadonlySet<string>>;
}

export interface Workloads<D extends Documents = Documents> {
  get(id: string): Promise<WorkloadRecord<D> | undefined>;
  lock(id: string): Promise<WorkloadRecord<D> | undefined>;
  put(record: WorkloadRecord<D>): Promise<void>;
  page(account: Address, state: string | undefined, request: PageRequest): Promise<readonly WorkloadRecord<D>[]>;
  /** Pending workloads that the coordinator is to order under a mandate, oldest first. */
  toOrder(limit: number): Promise<readonly string[]>;
  /** Pending workloads that were placed before `before` (ms) and not ordered since. */
  abandoned(before: number, limit: number): Promise<readonly string[]>;
  /** Whether the account may read the blob: an output of one of its workloads. */
  hasOutput(account: Address, hash: BlobHash): Promise<boolean>;
  /** Whether the blob is an input of an attempt that has not ended on the machine. */
  isInputOn(machine: Hex, hash: BlobHash): Promise<boolean>;
}

export interface Attempts<D extends Documents = Documents> {
  get(id: string): Promise<AttemptRecord<D> | undefined>;
  lock(id: string): Promise<AttemptRecord<D> | undefined>;
  put(record: AttemptRecord<D>): Promise<void>;
  ofWorkload(workload: string): Promise<readonly AttemptRecord<D>[]>;
  /** Attempts on the machine that have not ended. */
  live(machine: Hex): Promise<readonly AttemptRecord<D>[]>;
}

export interface Leases<D extends Documents = Documents> {
  get(id: Hex): Promise<LeaseRecord<D> | undefined>;
  lock(id: Hex): Promise<LeaseRecord<D> | undefined>;
  /** The oldest lease that was ordered with the order of this hash. */
  byOrder(orderHash: Hex): Promise<LeaseRecord<D> | undefined>;
  /** Inserts or replaces. A failed lease makes room for a new one of the same unit and seq. */
  put(record: LeaseRecord<D>): Promise<void>;
  /** Up to `limit` leases of a state that are in no batch, oldest first, that no other transaction has locked. */
  claim(state: "ordered" | "closing", limit: number): Promise<readonly LeaseRecord<D>[]>;
  ofBatch(intent: string): Promise<readonly LeaseRecord<D>[]>;
  /** Base units that ordered and opening leases of a client will take, none of which is on chain yet. */
  inFlight(token: Address, client: Address): Promise<bigint>;
  /** Nonces of the client's orders (of a mandate's, with its id) that are ordered or opening. */
  nonces(token: Address, client: Address, mandate: string | null): Promise<readonly number[]>;
  /** Base units that ordered and opening leases under a mandate will commit. */
  committed(mandate: string): Promise<bigint>;
  /** Leases on a machine's units that are ordered, opening, open or closing. */
  holding(machine: Hex): Promise<readonly LeaseRecord<D>[]>;
  /** Leases whose notes the coordinator signs under a mandate and that are open. */
  mandated(): Promise<readonly LeaseRecord<D>[]>;
  /** Leases open or closing whose end (seconds) lies before `end`, or whose requested close has come. */
  overdue(end: number, now: number): Promise<readonly LeaseRecord<D>[]>;
}

export interface Batches {
  put(record: BatchRecord): Promise<void>;
  unfinished(): Promise<readonly BatchRecord[]>;
  /** Its transaction is wanted again: a re-org took it back. */
  reopen(intent: string): Promise<void>;
}

export interface Mandates<D extends Documents = Documents> {
  get(id: string): Promise<MandateRecord<D> | undefined>;
  byHash(hash: Hex): Promise<MandateRecord<D> | undefined>;
  lock(id: string): Promise<MandateRecord<D> | undefined>;
  put(record: MandateRecord<D>): Promise<void>;
  page(client: Address, request: PageRequest): Promise<readonly MandateRecord<D>[]>;
}

/** One transaction: everything done through it is committed together or not at all. */
export interface UnitOfWork<D extends Documents = Documents> {
  readonly machines: Machines;
  readonly units: Units<D>;
  readonly offers: Offers<D>;
  readonly workloads: Workloads<D>;
  readonly attempts: Attempts<D>;
  readonly leases: Leases<D>;
  readonly batches: Batches;
  readonly mandates: Mandates<D>;
  readonly chain: ChainProjection<D>;
  readonly messages: AgentMessages<D>;
  readonly probes: ProbeAnswers;
  readonly logs: LogStore;
  readonly outbox: Outbox;
  /** Transactions that lock the same name run one after the other. */
  lock(name: string): Promise<void>;
  /** Wakes the subscribers of a topic in every process when the transaction commits. */
  wake(topic: string): Promise<void>;
}

/** Durable state. `transaction` may run `work` again after a conflict: it must have no effect outside the store. */
export interface Store<D extends Documents = Documents> {
  transaction<T>(work: (uow: UnitOfWork<D>) => Promise<T>): Promise<T>;
}
