import type { Address, Hex } from "../hex.ts";
import type { AttemptState, WorkloadState } from "../workload.ts";
import type { Documents } from "./store.ts";

/** The offer that placement chose for a pending workload. */
export interface Placed<D extends Documents = Documents> {
  readonly offerId: string;
  readonly signed: D["signedOffer"];
  /** Base units. */
  readonly escrow: bigint;
  readonly leaseSeq: number;
  readonly providerPublicKey: Hex;
  readonly refusals: readonly D["refusal"][];
}

/** A workload. Times in milliseconds since the epoch. */
export interface WorkloadRecord<D extends Documents = Documents> {
  readonly id: string;
  readonly account: Address;
  readonly state: WorkloadState;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly spec: D["jobSpec"];
  readonly constraints: D["constraints"];
  /** Under which mandate the coordinator signs for the client; null: the client signs. */
  readonly mandate: string | null;
  readonly placed: Placed<D> | null;
  readonly placedAt: number | null;
  readonly lease: Hex | null;
  readonly outputs: readonly D["outputFile"][];
  readonly cancelRequested: boolean;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** One serving of a workload by a machine under a lease. */
export interface AttemptRecord<D extends Documents = Documents> {
  readonly id: string;
  readonly workload: string;
  readonly number: number;
  readonly lease: Hex;
  readonly machine: Hex;
  readonly provider: Address;
  readonly state: AttemptState;
  readonly spec: D["unitSpec"];
  readonly timeline: readonly { readonly state: string; readonly at: number; readonly note: string | null }[];
  readonly exitCode: number | null;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly usage: D["usageReport"] | null;
  readonly usageSignature: Hex | null;
  readonly createdAt: number;
}
