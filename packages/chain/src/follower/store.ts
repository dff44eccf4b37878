import type { BlockLogs, BlockRef, FollowerState, KeptBlock } from "./state.ts";

/**
 * Where a follower keeps how far it is, together with what its handlers write. Each method is one transaction: all of
 * it or nothing. `expected` is the cursor that the caller knows; when another follower has moved it, the method changes
 * nothing and rejects with CursorMoved. `T` is what handlers write through.
 */
export interface FollowerStore<T> {
  /** The state; on first use the one in which nothing was followed yet. */
  load(): Promise<FollowerState>;
  /**
   * Applies blocks in order. With `undoable`, everything that `apply` writes can be undone later; without (blocks that
   * are long final), only the last block is remembered.
   */
  advance(
    expected: BlockRef,
    blocks: readonly BlockLogs[],
    undoable: boolean,
    apply: (tx: T, block: BlockLogs) => Promise<void>,
  ): Promise<void>;
  /** Puts back what the blocks above `to` have changed, newest first; `undone` then runs in the same transaction. */
  undo(expected: BlockRef, to: BlockRef, undone: (tx: T, blocks: readonly KeptBlock[]) => Promise<void>): Promise<void>;
  /** Forgets how to undo blocks up to the number, which must be a remembered one. */
  prune(expected: BlockRef, number: bigint): Promise<void>;
}

/** Another follower has moved the cursor: load the state again. */
export class CursorMoved extends Error {
  constructor() {
    super("another follower has moved the cursor");
    this.name = "CursorMoved";
  }
}
