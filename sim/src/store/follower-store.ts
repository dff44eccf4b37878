import { type FollowerState, kept } from "@corepool/chain/follower/state";
import { CursorMoved, type FollowerStore } from "@corepool/chain/follower/store";
import type { Uow } from "@corepool/coordinator/market/documents";
import type { SimProcess } from "../world/process.ts";
import type { SimDatabase, SimTransaction } from "./database.ts";

const TABLE = "chain_followers";
const KEY = "market";

/** Where the follower keeps how far it is: in the market's own tables, so that both move in one transaction. */
export function simFollowerStore(
  database: SimDatabase,
  unitOfWork: (tx: SimTransaction) => Uow,
  process: SimProcess,
): FollowerStore<Uow> {
  const origin: FollowerState = { origin: -1n, cursor: { number: -1n, hash: undefined }, blocks: [], pruned: -1n };
  const stateIn = (tx: SimTransaction) => tx.get<FollowerState>(TABLE, KEY) ?? origin;
  const change = (
    expected: FollowerState["cursor"],
    work: (uow: Uow, state: FollowerState) => Promise<FollowerState>,
  ): Promise<void> =>
    database.transaction(process, async (tx) => {
      await tx.lockRow(TABLE, KEY);
      const state = stateIn(tx);
      if (state.cursor.number !== expected.number || state.cursor.hash !== expected.hash) throw new CursorMoved();
      await tx.write(TABLE, KEY, await work(unitOfWork(tx), state));
    });
  return {
    load: () => database.transaction(process, async (tx) => stateIn(tx)),
    advance: (expected, blocks, undoable, apply) =>
      change(expected, async (uow, state) => {
        for (const block of blocks) await apply(uow, block);
        const last = blocks.at(-1);
        if (last === undefined) return state;
        const cursor = { number: last.header.number, hash: last.header.hash };
        return undoable
          ? { ...state, cursor, blocks: [...state.blocks, ...blocks.map(kept)] }
          : { ...state, cursor, blocks: [kept(last)], pruned: cursor.number };
      }),
    undo: (expected, to, undone) =>
      change(expected, async (uow, state) => {
        await undone(
          uow,
          state.blocks.filter((block) => block.number > to.number),
        );
        return { ...state, cursor: to, blocks: state.blocks.filter((block) => block.number <= to.number) };
      }),
    prune: (expected, number) =>
      change(expected, async (_, state) => ({
        ...state,
        pruned: number,
        blocks: state.blocks.filter((block) => block.number >= number),
      })),
  };
}
