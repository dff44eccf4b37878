import { afterAll, describe, expect, it } from "vitest";
import type { Outgoing, Signed } from "../sender/record.ts";
import type { SenderStore } from "../sender/store.ts";

const to = `0x${"ab".repeat(20)}` as const;
const hash = `0x${"cd".repeat(32)}` as const;
const form = (nonce: number, fee = 2n ** 100n): Signed => ({
  nonce,
  hash: `0x${nonce.toString(16).padStart(32, "0")}${fee.toString(16).padStart(32, "0")}`,
  raw: "0x02",
  gas: 21_000n,
  maxFeePerGas: fee,
  maxPriorityFeePerGas: 1n,
});
const sent = (record: Outgoing, nonce: number): Outgoing => ({
  ...record,
  state: "sent",
  signed: [...record.signed, form(nonce)],
});

/** What every store of a sender must do. `open` gives an empty store and how to close it; `again` the same data anew. */
export function senderStoreConformance(
  name: string,
  open: () => Promise<{
    readonly store: SenderStore;
    readonly again: () => SenderStore;
    readonly end: () => Promise<void>;
  }>,
): void {
  describe(`sender store: ${name}`, () => {
    const opened: { end(): Promise<void> }[] = [];
    const fresh = async () => {
      const one = await open();
      opened.push(one);
      return one;
    };
    afterAll(async () => {
      for (const one of opened) await one.end();
    });

    it("keeps an intent once, under its first content", async () => {
      const { store, again } = await fresh();
      const first = await store.add({ intent: "open:1", to, data: "0x01", value: 2n ** 80n });
      expect(first).toEqual({
        intent: "open:1",
        to,
        data: "0x01",
        value: 2n ** 80n,
        state: "queued",
        signed: [],
        outcome: undefined,
        failure: undefined,
      });
      expect(await store.add({ intent: "open:1", to, data: "0x02" })).toEqual(first);
      expect(await again().find("open:1")).toEqual(first);
      expect(await store.find("open:2")).toBeUndefined();
    });

    it("gives back what was saved, whole, and lists the unfinished in order", async () => {
      const { store, again } = await fresh();
      const records = [];
      for (const intent of ["c", "a", "b", "d"]) records.push(await store.add({ intent, to, data: "0x" }));
      const [c, a, b, d] = records as [Outgoing, Outgoing, Outgoing, Outgoing];
      const outcome = {
        hash,
        blockNumber: 2n ** 60n,
        blockHash: hash,
        status: "reverted",
        gasUsed: 5n,
        reason: "InsufficientCash(cash: 5)",
      } as const;
      const mined: Outgoing = { ...sent(c, 7), state: "mined", outcome };
      expect(await store.save(mined)).toBe(true);
      expect(await store.save({ ...sent(a, 8), state: "final", outcome })).toBe(true);
      expect(
        await store.save({
          ...b,
          state: "failed",
          failure: { code: "call-reverted", detail: "no", data: { reason: "UnitBusy" } },
        }),
      ).toBe(true);
      expect(await again().find("c")).toEqual(mined);
      expect((await again().find("b"))?.failure).toEqual({
        code: "call-reverted",
        detail: "no",
        data: { reason: "UnitBusy" },
      });
      expect(await again().unfinished()).toEqual([mined, d]);
    });

    it("lets a nonce belong to one transaction that is under way", async () => {
      const { store } = await fresh();
      const a = await store.add({ intent: "a", to, data: "0x" });
      const b = await store.add({ intent: "b", to, data: "0x" });
      expect(await store.save(sent(a, 3))).toBe(true);
      expect(await store.save(sent(b, 3))).toBe(false);
      expect((await store.find("b"))?.state).toBe("queued");
      expect(await store.save(sent(sent(a, 3), 4))).toBe(true);
      expect(await store.save(sent(b, 3))).toBe(true);
    });

    it("lets nothing go on that is over: a sender that stood still does not bring it back", async () => {
      const { store } = await fresh();
      const a = sent(await store.add({ intent: "a", to, data: "0x" }), 3);
      const outcome = { hash, blockNumber: 1n, blockHash: hash, status: "success", gasUsed: 5n } as const;
      expect(await store.save({ ...a, state: "mined", outcome })).toBe(true);
      expect(await store.save(a)).toBe(true);
      expect(await store.save({ ...a, state: "final", outcome })).toBe(true);
      expect(await store.save(a)).toBe(false);
      expect(await store.save({ ...sent(a, 4), state: "sent" })).toBe(false);
      expect((await store.find("a"))?.state).toBe("final");
    });

    it("refuses a record that lacks a form which another sender has signed", async () => {
      const { store } = await fresh();
      const a = await store.add({ intent: "a", to, data: "0x" });
      expect(await store.save(sent(a, 3))).toBe(true);
      expect(await store.save({ ...a, state: "sent", signed: [form(4)] })).toBe(false);
      expect((await store.find("a"))?.signed).toEqual([form(3)]);
      expect(await store.save({ ...a, state: "sent", signed: [form(3), form(3, 2n ** 101n)] })).toBe(true);
    });
  });
}
