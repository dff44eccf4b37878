import type { BlockHeader } from "@corepool/core/ports/chain";
import { keccak256, toHex } from "viem";
import { afterAll, describe, expect, it } from "vitest";
import { digestOf } from "../follower/assemble.ts";
import type { BlockLogs, BlockRef } from "../follower/state.ts";
import { CursorMoved } from "../follower/store.ts";
import type { Harness, Rows } from "./follower-harness.ts";

const block = (number: bigint): BlockLogs => {
  const hash = keccak256(toHex(`block ${number}`));
  const header: BlockHeader = { number, hash, parentHash: keccak256(toHex(`block ${number - 1n}`)), timestamp: number };
  const log = {
    address: hash.slice(0, 42) as `0x${string}`,
    topics: [],
    data: "0x",
    blockNumber: number,
    blockHash: hash,
    transactionHash: hash,
    logIndex: 0,
  } as const;
  return { header, logs: [log], digest: digestOf([log]) };
};
const ref = (number: bigint): BlockRef => ({ number, hash: number === 9n ? undefined : block(number).header.hash });
const HUGE = 2n ** 200n + 1n;

/** What every store of a follower must do. */
export function followerStoreConformance<T>(name: string, open: (origin: bigint) => Promise<Harness<T>>): void {
  describe(`follower store: ${name}`, () => {
    const opened: Harness<T>[] = [];
    const fresh = async () => {
      const harness = await open(9n);
      opened.push(harness);
      await harness.store.load();
      const apply = (number: bigint, work: (rows: Rows) => Promise<void>, undoable = true) =>
        harness.store.advance(ref(number - 1n), [block(number)], undoable, (tx) => work(harness.rows(tx)));
      const undo = (from: bigint, to: bigint) => harness.store.undo(ref(from), ref(to), async () => undefined);
      return { ...harness, apply, undo };
    };
    afterAll(async () => {
      for (const harness of opened) await harness.end();
    });

    it("begins with nothing, and remembers what was applied", async () => {
      const { store, apply } = await fresh();
      expect(await store.load()).toEqual({ origin: 9n, cursor: ref(9n), blocks: [], pruned: 9n });
      await apply(10n, (rows) => rows.put("a", { amount: HUGE }));
      await apply(11n, async () => undefined);
      const state = await store.load();
      expect(state.cursor).toEqual(ref(11n));
      expect(state.blocks.map((b) => [b.number, b.hash])).toEqual([
        [10n, ref(10n).hash],
        [11n, ref(11n).hash],
      ]);
      expect(state.blocks[0]?.logsDigest).toBe(block(10n).digest);
    });

    it("undoes inserts, updates and deletes, newest first, without losing a digit", async () => {
      const { store, apply, undo, all } = await fresh();
      await apply(10n, async (rows) => {
        await rows.put("a", { amount: HUGE, text: "one" });
        await rows.put("b", { amount: 1n });
      });
      const ten = await all();
      await apply(11n, async (rows) => {
        await rows.put("a", { amount: HUGE + 1n });
        await rows.put("a", { amount: HUGE + 2n, text: null });
        await rows.delete("b");
        await rows.put("c", { text: "new" });
      });
      await apply(12n, async (rows) => {
        await rows.delete("a");
        await rows.put("b", { amount: 5n });
        await rows.delete("c");
      });
      await undo(12n, 10n);
      expect(await all()).toEqual(ten);
      expect(ten.a).toEqual({ amount: HUGE, text: "one" });
      await undo(10n, 9n);
      expect(await all()).toEqual({});
      expect(await store.load()).toEqual({ origin: 9n, cursor: ref(9n), blocks: [], pruned: 9n });
    });

    it("leaves alone what others have written to other columns since", async () => {
      const { apply, undo, outside, all } = await fresh();
      await outside((rows) => rows.put("a", { amount: 1n, text: "old" }));
      await apply(10n, (rows) => rows.put("a", { amount: 2n }));
      await outside((rows) => rows.put("a", { text: "new" }));
      await undo(10n, 9n);
      expect(await all()).toEqual({ a: { amount: 1n, text: "new" } });
    });

    it("is all or nothing", async () => {
      const { store, apply, all } = await fresh();
      await expect(
        apply(10n, async (rows) => {
          await rows.put("a", { amount: 1n });
          throw new Error("no");
        }),
      ).rejects.toThrow("no");
      expect(await all()).toEqual({});
      expect((await store.load()).cursor).toEqual(ref(9n));
    });

    it("lets only one of two followers move the cursor", async () => {
      const { store, apply, all } = await fresh();
      await apply(10n, (rows) => rows.put("a", { amount: 1n }));
      await expect(store.advance(ref(9n), [block(10n)], true, async () => undefined)).rejects.toBeInstanceOf(
        CursorMoved,
      );
      await expect(store.undo(ref(11n), ref(9n), async () => undefined)).rejects.toBeInstanceOf(CursorMoved);
      expect(Object.keys(await all())).toEqual(["a"]);
    });

    it("forgets how to undo what is final, and keeps the last such block to recognise the chain by", async () => {
      const { store, apply, undo, all } = await fresh();
      await apply(10n, (rows) => rows.put("a", { amount: 1n }));
      await apply(11n, (rows) => rows.put("a", { amount: 2n }));
      await apply(12n, (rows) => rows.put("a", { amount: 3n }));
      await store.prune(ref(12n), 11n);
      const state = await store.load();
      expect(state.pruned).toBe(11n);
      expect(state.blocks.map((b) => b.number)).toEqual([11n, 12n]);
      await undo(12n, 11n);
      expect((await all()).a?.amount).toBe(2n);
    });

    it("keeps one block of what cannot be undone, and tells handlers what was undone", async () => {
      const { store, apply, rows, all } = await fresh();
      await apply(10n, (r) => r.put("a", { amount: 1n }), false);
      const state = await store.load();
      expect([state.pruned, state.blocks.map((b) => b.number)]).toEqual([10n, [10n]]);
      await apply(11n, (r) => r.put("b", { amount: 1n }));
      const told: bigint[] = [];
      await store.undo(ref(11n), ref(10n), async (tx, blocks) => {
        told.push(...blocks.map((b) => b.number));
        await rows(tx).put("told", { amount: 11n });
      });
      expect(told).toEqual([11n]);
      expect(await all()).toEqual({ a: { amount: 1n, text: null }, told: { amount: 11n, text: null } });
    });
  });
}
