import type { Hex } from "@corepool/core/hex";

/** Block 0 of a chain, as it was when the chain began. */
export interface Genesis {
  readonly hash: Hex;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

interface SavedBlock {
  readonly header: { readonly number: Hex; readonly timestamp: Hex };
}

/**
 * A saved state with one block 0. The node makes a block 0 of its own before it loads a state, keeps it beside the
 * loaded one and saves both; which of them it then knows by their number is chance. Told apart by their time: of the
 * genesis where it is known, else the oldest.
 */
export function withOneGenesis(state: Buffer, genesis: Genesis | undefined): Buffer {
  const parsed = JSON.parse(state.toString("utf8")) as { blocks?: readonly SavedBlock[] };
  const first = (parsed.blocks ?? []).filter(({ header }) => BigInt(header.number) === 0n);
  if (first.length < 2) return state;
  const times = first.map(({ header }) => Number(header.timestamp));
  const time = genesis?.timestamp ?? Math.min(...times);
  const blocks = (parsed.blocks ?? []).filter(
    ({ header }) => BigInt(header.number) !== 0n || Number(header.timestamp) === time,
  );
  return Buffer.from(JSON.stringify({ ...parsed, blocks }));
}
