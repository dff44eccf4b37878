import type { Address, Hex } from "./hex.ts";
import type { Token } from "./money.ts";
import type { ResourceRequest, Resources } from "./resources.ts";

/** What a unit can lack. The same words as `refusal.dimension` on the wire. */
export type PlacementDimension =
  | "cpus"
  | "memory"
  | "disk"
  | "gpu-count"
  | "gpu-model"
  | "gpu-memory"
  | "price"
  | "token"
  | "duration"
  | "isolation"
  | "software"
  | "provider"
  | "busy"
  | "offline"
  | "offer-expired";

/** One thing that a unit lacks: what was asked, what is there. */
export interface Failure {
  readonly dimension: PlacementDimension;
  readonly asked: string;
  readonly had: string;
}

/** What a workload asks of a unit. Money in base units, durations in seconds, times in seconds since the epoch. */
export interface PlacementRequest {
  readonly resources: ResourceRequest;
  readonly durationSeconds: number;
  /** Names that must stand in the unit's software list. */
  readonly needs: readonly string[];
  readonly token: Address;
  readonly maxRate?: bigint | undefined;
  readonly maxEscrow?: bigint | undefined;
  /** The market's tokens: how people call them. Those that are missing are told by address and in base units. */
  readonly tokens?: readonly (Token & { readonly address: Address })[] | undefined;
  /** Undefined: any. */
  readonly providers?: readonly Address[] | undefined;
  readonly requireCgroup: boolean;
  /** Weaknesses that the machine must not have, by mark or identifier; `*`: any. Undefined: none is minded. */
  readonly avoidWeaknesses?: readonly string[] | undefined;
  /** Whose order it will be: private offers are for one client. */
  readonly client: Address;
  readonly at: number;
}

/** A unit with one open offer, as placement sees it. */
export interface PlacementUnit {
  readonly offerId: string;
  readonly machine: Hex;
  readonly unit: number;
  readonly provider: Address;
  readonly resources: Resources;
  readonly software: readonly string[];
  readonly limits: "cgroup-v1" | "cgroup-v2" | "rlimit";
  /** Marks of the machine's known weaknesses. */
  readonly weaknesses: readonly string[];
  readonly token: Address;
  /** Base units per second. */
  readonly rate: bigint;
  readonly minSeconds: number;
  readonly maxSeconds: number;
  readonly notBefore: number;
  readonly expiry: number;
  /** Undefined: anyone. */
  readonly client: Address | undefined;
  readonly online: boolean;
  /** It, or a unit that shares a device with it, is leased or about to be. */
  readonly busy: boolean;
  /** Another client was just shown this offer: taken only when nothing as cheap is free. */
  readonly reserved: boolean;
}

/** A unit that cannot take the workload: everything it lacks; the first is the most telling. */
export interface Refused<U extends PlacementUnit> {
  readonly unit: U;
  readonly failures: readonly [Failure, ...Failure[]];
}
