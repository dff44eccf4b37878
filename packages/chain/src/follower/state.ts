import type { Hex } from "@corepool/core/hex";
import type { BlockHeader, RawLog } from "@corepool/core/ports/chain";

/** A block by number and hash. At the origin, before anything was followed, there is no hash. */
export interface BlockRef {
  readonly number: bigint;
  readonly hash: Hex | undefined;
}

/** A block that was applied and is remembered, so that it can be recognised and undone. */
export interface KeptBlock {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: bigint;
  /** Of the logs that were applied (see digestOf): compared with a second reading when the block is final. */
  readonly logsDigest: Hex;
}

/** How far a follower is. */
export interface FollowerState {
  /** Number of the block before the first that is followed. */
  readonly origin: bigint;
  /** The newest block that was applied. */
  readonly cursor: BlockRef;
  /** Remembered blocks, ascending, the cursor's the last. The first may be `pruned` itself: known, but not undoable. */
  readonly blocks: readonly KeptBlock[];
  /** Blocks up to here cannot be undone any more; the origin while that is all of them. */
  readonly pruned: bigint;
}

/** A block with the logs that are followed, in order, each once. */
export interface BlockLogs {
  readonly header: BlockHeader;
  readonly logs: readonly RawLog[];
  readonly digest: Hex;
}

export const kept = ({ header, digest }: BlockLogs): KeptBlock => ({
  number: header.number,
  hash: header.hash,
  parentHash: header.parentHash,
  timestamp: header.timestamp,
  logsDigest: digest,
});
