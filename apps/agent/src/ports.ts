import type { Address, BlobHash, Hex } from "@corepool/core/hex";
import type { GpuDevice } from "@corepool/core/resources";
import type { SettleInput } from "@corepool/protocol/market/structs";

/** Ports of the agent alone; the shared ones are in `@corepool/core/ports`. */

/** Where the journal's lines lie. */
export interface JournalStore {
  /** Whole lines, oldest first. A torn last line is dropped. */
  read(): Promise<readonly string[]>;
  /** Resolves when the lines will survive a power cut. Calls are in order. */
  append(lines: readonly string[]): Promise<void>;
  /** Replaces everything in one step. */
  replace(lines: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Moves blobs between this machine and the coordinator. Rejects with the coordinator's problem codes. */
export interface BlobTransfer {
  /** The bytes from `offset` on. */
  download(hash: BlobHash, offset: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Whether this machine's provider has delivered the blob, and if not, where its upload stopped. */
  state(hash: BlobHash, signal: AbortSignal): Promise<{ readonly stored: boolean; readonly received: number }>;
  /** Sends the bytes [offset, size). */
  upload(
    hash: BlobHash,
    part: { readonly offset: number; readonly size: number; readonly bytes: AsyncIterable<Uint8Array> },
    signal: AbortSignal,
  ): Promise<void>;
}

/** An input file as a workload's specification names it. */
export interface WantedInput {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  readonly executable: boolean;
}

/** Verified input files on this machine. */
export interface InputStore {
  /** The absolute path of a file with exactly these bytes; it stays while any holder holds it. */
  hold(holder: string, input: WantedInput, signal: AbortSignal): Promise<string>;
  /** The holder needs none of its inputs any more. */
  release(holder: string): Promise<void>;
}

/** The provider's key, without the key: what else than signing it is needed for. */
export interface KeyAgreement {
  /** Uncompressed public key of the provider's account. */
  readonly publicKey: Hex;
  /** The probe key of a lease, 32 bytes. */
  probeKey(leasePublicKey: Hex, lease: Hex): Uint8Array;
}

/** The provider's own road to the chain, paid with the gas money of his key. */
export interface Settler {
  /**
   * Closes a lease as its provider; resolves with the transaction's hash once it is mined. Rejects with `setup-failed`
   * (the key lacks gas money), `call-reverted` or `chain-unavailable`; trying again is harmless.
   */
  closeNow(input: SettleInput): Promise<Hex>;
}

/** What this host is, as found at start. */
export interface HostInventory {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number;
  readonly gpus: readonly GpuDevice[];
  readonly software: readonly string[];
  readonly os: string;
  readonly arch: string;
  readonly kernel: string;
}

/** Structured log lines: an event's name and its particulars. Never keys, tokens or a workload's own bytes. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Who this agent is to the market. */
export interface Identity {
  readonly provider: Address;
  /** `machineId(provider, salt)`. */
  readonly machine: Hex;
  /** 32 random bytes that this machine drew once. */
  readonly salt: Hex;
  readonly version: string;
}
