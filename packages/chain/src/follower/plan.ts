import type { Hex } from "@corepool/core/hex";
import type { BlockHeader } from "@corepool/core/ports/chain";
import type { BlockRef, FollowerState } from "./state.ts";

/** What the chain has answered so far. */
export interface ChainView {
  readonly head: BlockHeader;
  readonly finalNumber: bigint;
  /** The chain's hashes at heights that were asked for; undefined where the node has no such block. */
  readonly hashes: ReadonlyMap<bigint, Hex | undefined>;
}

export interface PlanLimits {
  /** Most blocks in one transaction. */
  readonly batch: bigint;
  /** So many long-final blocks are read at once, without their headers; fewer are read like those near the head. */
  readonly bulk: bigint;
  /** How many blocks behind finality stay undoable. */
  readonly retain: bigint;
}

/** What to do next. */
export type Plan =
  /** The view lacks these hashes: ask, and plan again. */
  | { readonly kind: "ask"; readonly numbers: readonly bigint[] }
  /** Nothing to do, or nothing that this node can answer now. */
  | { readonly kind: "wait"; readonly caughtUp: boolean }
  /** The chain has left what was applied: go back to the newest block that both have. */
  | { readonly kind: "undo"; readonly to: BlockRef }
  /** Apply the inclusive range; `bulk`: it is long final, so it need not be undoable. */
  | { readonly kind: "read"; readonly from: bigint; readonly to: bigint; readonly bulk: boolean }
  /** The chain has another block where nothing can be undone any more. */
  | { readonly kind: "broken"; readonly at: bigint };

const ASK_AT_ONCE = 16;

/** Decides the next step from what is kept and what the chain says. Pure. */
export function plan(state: FollowerState, view: ChainView, limits: PlanLimits): Plan {
  const { cursor, origin } = state;
  const { head } = view;
  if (cursor.hash === undefined)
    return head.number < origin ? { kind: "wait", caughtUp: false } : forward(state, view, limits);
  const descending = [...state.blocks].reverse().filter((block) => block.number <= head.number);
  for (const [i, block] of descending.entries()) {
    const hash = block.number === head.number ? head.hash : view.hashes.get(block.number);
    if (hash === undefined) {
      if (view.hashes.has(block.number)) return { kind: "wait", caughtUp: false };
      const unknown = descending.slice(i).filter((b) => b.number !== head.number && !view.hashes.has(b.number));
      // One question while all is well; more at a time once the chain is known to have left us.
      return { kind: "ask", numbers: unknown.slice(0, i === 0 ? 1 : ASK_AT_ONCE).map((b) => b.number) };
    }
    if (hash !== block.hash) continue;
    return block.number === cursor.number
      ? forward(state, view, limits)
      : { kind: "undo", to: { number: block.number, hash: block.hash } };
  }
  // No remembered block is on this chain. With everything undoable, begin anew.
  if (state.pruned === origin) return { kind: "undo", to: { number: origin, hash: undefined } };
  const oldest = descending.at(-1);
  return oldest === undefined ? { kind: "wait", caughtUp: false } : { kind: "broken", at: oldest.number };
}

function forward(state: FollowerState, view: ChainView, limits: PlanLimits): Plan {
  const from = state.cursor.number + 1n;
  if (from > view.head.number) return { kind: "wait", caughtUp: true };
  const settled = view.finalNumber - limits.retain;
  const full = from + limits.bulk - 1n;
  if (full <= settled) return { kind: "read", from, to: full, bulk: true };
  return { kind: "read", from, to: least(view.head.number, from + limits.batch - 1n), bulk: false };
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
