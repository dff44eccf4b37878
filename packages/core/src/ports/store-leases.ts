import type { Address, Hex } from "../hex.ts";
import type { LeaseState } from "../lease.ts";
import type { AnswerTime } from "../payment.ts";
import type { Documents } from "./store.ts";

/** The last answer that the coordinator's own watch had from a lease's sandbox. */
export interface LastAnswer extends AnswerTime {
  /** By the wall clock, milliseconds since the epoch: only to keep several processes from asking at once. */
  readonly at: number;
  /** What of the proven time was counted since the last answer that did not say `frozen`. */
  readonly heldMs: number;
}

/** A lease as the coordinator runs it. Money in base units, times in milliseconds, durations in seconds. */
export interface LeaseRecord<D extends Documents = Documents> {
  readonly id: Hex;
  readonly workload: string;
  readonly client: Address;
  readonly mandate: string | null;
  readonly machine: Hex;
  readonly provider: Address;
  readonly unit: number;
  readonly seq: number;
  /** Device shares that the unit covers: no other lease may hold one of them. */
  readonly devices: readonly string[];
  readonly token: Address;
  readonly state: LeaseState;
  readonly rate: bigint;
  readonly escrow: bigint;
  readonly durationSeconds: number;
  readonly graceSeconds: number;
  readonly intervalSeconds: number;
  readonly holdSeconds: number;
  /** The lease key's address and its uncompressed public key. */
  readonly key: Address;
  readonly publicKey: Hex;
  /** The lease key's signature over the specification that the lease is for. */
  readonly binding: Hex;
  readonly nonce: number;
  readonly orderHash: Hex;
  readonly opening: D["opening"];
  readonly noteTotal: bigint;
  readonly noteSignature: Hex | null;
  /** The lease key's signature that no further note will come than this one; null while more may. */
  readonly noteOver: Hex | null;
  /** The provider's agreement to close, once it has come. */
  readonly close: { readonly total: bigint; readonly noteSignature: Hex | null; readonly signature: Hex } | null;
  /** The batch whose transaction is on its way. */
  readonly batch: string | null;
  /** The batch that opened it: where a re-org leads back to. */
  readonly openBatch: string | null;
  /** How often closing was sent: names the next intent. */
  readonly tries: number;
  /** Milliseconds that answered probes prove, for a lease whose watch is the coordinator. */
  readonly provenMs: number;
  readonly lastAnswer: LastAnswer | null;
  readonly createdAt: number;
}

/** Leases that travel in one transaction. Kept until its outcome has been taken in. */
export interface BatchRecord {
  readonly intent: string;
  readonly kind: "open" | "settle" | "finalize";
  readonly to: Address;
  readonly data: Hex;
  /** In the order of the transaction's arguments. */
  readonly leases: readonly Hex[];
  readonly finished: boolean;
}

/** A lease as the chain has it, from its events alone. */
export interface ChainLease<D extends Documents = Documents> {
  readonly id: Hex;
  readonly terms: D["terms"];
  readonly orderHash: Hex;
  readonly live: boolean;
  readonly client: Address;
  readonly token: Address;
  readonly payTo: Address;
  /** Paid from a funder's credit: no cash of the client moved. */
  readonly funded: boolean;
  readonly escrow: bigint;
  readonly paid: bigint;
  readonly fee: bigint;
  readonly refund: bigint | null;
  /** 1 agreed, 2 by provider, 3 requested, 4 expired; null while live. */
  readonly reason: number | null;
  readonly openTx: Hex;
  readonly openBlock: bigint;
  readonly closeTx: Hex | null;
  readonly closeBlock: bigint | null;
}

/** A unit's slot: the next seq when idle, else the live lease. */
export interface ChainUnit {
  readonly nextSeq: number;
  readonly lease: Hex | null;
}

/** An account in one token, base units. */
export interface ChainAccount {
  readonly cash: bigint;
  readonly escrowed: bigint;
}

/** Fees taken out of the market. */
export interface FeeCollection {
  readonly token: Address;
  readonly block: bigint;
  readonly logIndex: number;
  readonly transaction: Hex;
  readonly burned: bigint;
  readonly sunk: bigint;
}

export interface ChainProgress {
  readonly head: bigint;
  /** Seconds since the epoch. */
  readonly headTime: bigint;
  readonly finalized: bigint;
}

/**
 * What the chain's events add up to. Every write names its block and keeps what was there before, so that `undo` takes
 * a block back exactly; blocks that are final are forgotten by `forget`.
 */
export interface ChainProjection<D extends Documents = Documents> {
  lease(id: Hex): Promise<ChainLease<D> | undefined>;
  putLease(block: bigint, lease: ChainLease<D>): Promise<void>;
  unit(provider: Address, unit: number): Promise<ChainUnit>;
  putUnit(block: bigint, provider: Address, unit: number, state: ChainUnit): Promise<void>;
  account(token: Address, account: Address): Promise<ChainAccount>;
  putAccount(block: bigint, token: Address, account: Address, state: ChainAccount): Promise<void>;
  /** What a mandate (by its hash) has committed, and whether the chain has it revoked. */
  mandate(hash: Hex): Promise<{ readonly committed: bigint; readonly revoked: boolean }>;
  putMandate(block: bigint, hash: Hex, state: { readonly committed: bigint; readonly revoked: boolean }): Promise<void>;
  putFees(collection: FeeCollection): Promise<void>;
  /** The first collection of a token's fees in or after a block. */
  feesAfter(token: Address, block: bigint): Promise<FeeCollection | undefined>;
  /** Takes back everything written for blocks at or above `from`; returns the leases it touched. */
  undo(from: bigint): Promise<readonly Hex[]>;
  /** Forgets how to undo blocks up to and including `block`. */
  forget(block: bigint): Promise<void>;
  progress(): Promise<ChainProgress>;
  putProgress(progress: ChainProgress): Promise<void>;
}

/** What a client lets the coordinator sign. */
export interface MandateRecord<D extends Documents = Documents> {
  readonly id: string;
  readonly client: Address;
  /** EIP-712 struct hash. */
  readonly hash: Hex;
  readonly mandate: D["mandate"];
  /** The list behind its Merkle root, in order; empty: any provider. */
  readonly providers: readonly Address[];
  readonly signature: Hex;
  readonly nextNonce: number;
  readonly droppedAt: number | null;
  readonly createdAt: number;
}
