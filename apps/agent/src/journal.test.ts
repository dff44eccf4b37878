import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FromAgent } from "@corepool/protocol/agent";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { journalFile } from "./adapters/journal-file.ts";
import { Journal } from "./journal.ts";
import { newRecord } from "./journal-entries.ts";
import type { JournalStore, Log } from "./ports.ts";
import { ManualClock, settled } from "./test/manual-clock.ts";
import { assignmentOf, silentLog, unit } from "./test/samples.ts";

const id = (n: number) => `att_${String(n).padStart(16, "0")}`;
const message = (n: number): FromAgent => ({
  type: "attempt",
  body: { attempt: id(n), state: "preparing", at: n, note: null },
});

describe("the journal on disk", () => {
  let dir: string;
  const path = () => join(dir, "journal.jsonl");
  const reopen = (log: Log = silentLog) => Journal.open(journalFile(path()), new ManualClock(), log);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "corepool-journal-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("has everything again after a restart, and nothing that is over", async () => {
    const journal = await reopen();
    for (const n of [1, 2, 3]) await journal.begin(newRecord(assignmentOf({ attempt: id(n) }), null, unit));
    await journal.change(
      id(2),
      { state: "running", slot: "slot-1", startedAtMs: 5 },
      { id: "m1", message: message(2) },
    );
    await journal.change(id(3), { note: { total: "77", signature: "0x01" } }, { id: "m2", message: message(3) });
    await journal.acked("m1");
    await journal.forget(id(1));
    await journal.close();
    const again = await reopen();
    expect([...again.attempts.keys()]).toEqual([id(2), id(3)]);
    expect(again.record(id(2))).toEqual(journal.record(id(2)));
    expect(again.record(id(3)).note?.total).toBe("77");
    expect([...again.outbox]).toEqual([["m2", message(3)]]);
    expect((await readFile(path(), "utf8")).trim().split("\n")).toHaveLength(3);
  });

  it("keeps a change and the message that tells of it together, wherever the file was torn", async () => {
    const journal = await reopen();
    await journal.begin(newRecord(assignmentOf({ attempt: id(1) }), null, unit));
    const before = (await readFile(path())).length;
    await journal.change(id(1), { state: "preparing" }, { id: "m1", message: message(1) });
    await journal.close();
    const whole = await readFile(path());
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: before, max: whole.length }), async (length) => {
        await writeFile(path(), whole.subarray(0, length));
        const torn = await reopen();
        await torn.close();
        const there = length === whole.length;
        expect([torn.record(id(1)).state, torn.outbox.size]).toEqual(there ? ["preparing", 1] : ["assigned", 0]);
      }),
      { numRuns: 40 },
    );
  });

  it("goes on after a torn last line, and loses nothing that comes later", async () => {
    const journal = await reopen();
    await journal.begin(newRecord(assignmentOf({ attempt: id(1) }), null, unit));
    await journal.close();
    await appendFile(path(), '{"t":"change","of":"att_0000');
    const torn = await reopen();
    await torn.change(id(1), { lastNote: true });
    await torn.close();
    expect((await reopen()).record(id(1)).lastNote).toBe(true);
  });

  it("reports a line in the middle that it cannot read, and keeps the rest", async () => {
    const journal = await reopen();
    await journal.begin(newRecord(assignmentOf({ attempt: id(1) }), null, unit));
    await journal.close();
    await appendFile(path(), `garbage\n${JSON.stringify({ t: "change", of: id(1), change: { lastNote: true } })}\n`);
    const errors: string[] = [];
    const again = await reopen({ ...silentLog, error: (event) => errors.push(event) });
    expect(errors).toEqual(["journal.unreadable-line"]);
    expect(again.record(id(1)).lastNote).toBe(true);
  });

  it("does not grow with what is over", async () => {
    const journal = await reopen();
    await journal.begin(newRecord(assignmentOf({ attempt: id(1) }), null, unit));
    for (let n = 2; n <= 3_000; n++) {
      const begun = journal.begin(newRecord(assignmentOf({ attempt: id(n) }), null, unit));
      await Promise.all([begun, journal.change(id(n), { state: "ended" }), journal.forget(id(n))]);
    }
    await journal.change(id(1), { lastNote: true });
    await journal.close();
    expect((await readFile(path(), "utf8")).split("\n").length).toBeLessThan(5_100);
    expect([...(await reopen()).attempts.values()].map(({ lastNote }) => lastNote)).toEqual([true]);
  });

  it("starts empty", async () => {
    expect((await reopen()).attempts.size).toBe(0);
    await truncate(path(), 0);
    expect((await reopen()).attempts.size).toBe(0);
  });
});

describe("the journal on a store that fails for a while", () => {
  it("says that a change is safe only when it is, and writes what waited in one go", async () => {
    let full = true;
    const appended: (readonly string[])[] = [];
    const store: JournalStore = {
      read: async () => [],
      append: async (lines) => {
        if (full) throw new Error("ENOSPC");
        appended.push(lines);
      },
      replace: async () => undefined,
      close: async () => undefined,
    };
    const clock = new ManualClock();
    const journal = await Journal.open(store, clock, silentLog);
    let safe = 0;
    const first = journal.begin(newRecord(assignmentOf({ attempt: id(1) }), null, unit)).then(() => safe++);
    const more = [2, 3].map((n) =>
      journal.begin(newRecord(assignmentOf({ attempt: id(n) }), null, unit)).then(() => safe++),
    );
    await settled();
    await clock.advance(5_000);
    expect([safe, journal.attempts.size]).toEqual([0, 3]);
    full = false;
    await clock.advance(1_000);
    await Promise.all([first, ...more]);
    expect(safe).toBe(3);
    expect(appended.map((lines) => lines.length)).toEqual([3]);
  });
});
