import type { Address, BlobHash } from "@corepool/core/hex";
import type { ChainReader } from "@corepool/core/ports/chain";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import type { MarketDomain } from "@corepool/protocol/eip712";

/** A listed token as this market treats it. */
export interface ListedToken {
  readonly address: Address;
  readonly symbol: string;
  readonly decimals: number;
  readonly feeBps: number;
  /** The part of its fees that is burnt; zero for a stablecoin. */
  readonly burnBps: number;
}

/** Whether an account may read a blob, and how large it is; undefined when there is no such blob for it. */
export type BlobSize = (account: Address, hash: BlobHash) => Promise<number | undefined>;

/** What the market's commands need of the world. */
export interface MarketContext {
  readonly domain: MarketDomain;
  readonly unitRegistry: Address;
  readonly tokens: readonly ListedToken[];
  readonly closeWindowSeconds: number;
  /** Weaknesses, by mark or identifier (`*`: any), with which a machine is not taken. Absent: none. */
  readonly refusedWeaknesses?: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly chain: ChainReader;
  readonly blobSize: BlobSize;
}

/** Addresses and hashes are kept and compared in lower case. */
export const lower = <T extends string>(value: T): T => value.toLowerCase() as T;

/** Seconds since the epoch. */
export const secondsOf = (clock: Clock): number => Math.floor(clock.now() / 1000);

/** RFC 3339 UTC with milliseconds. */
export const timestampOf = (ms: number): string => new Date(ms).toISOString();
