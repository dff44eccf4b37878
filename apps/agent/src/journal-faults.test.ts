import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@corepool/core/ports/clock";
import type { FromAgent } from "@corepool/protocol/agent";
import { FILE_FAULTS, type FilePlan, withFiles } from "@corepool/storage/testing/failing-files";
import { afterEach, beforeEach, expect, it } from "vitest";
import { journalFile } from "./adapters/journal-file.ts";
import { Journal } from "./journal.ts";
import { newRecord } from "./journal-entries.ts";
import type { JournalStore } from "./ports.ts";
import { assignmentOf, silentLog, termsOf, unit } from "./test/samples.ts";

const id = (n: number) => `att_${String(n).padStart(16, "0")}`;
const told = (n: number): FromAgent => ({
  type: "attempt",
  body: { attempt: id(n), state: "preparing", at: n, note: null },
});
const lease = assignmentOf().lease;

/** What an agent writes on the way of one job, beside one that waits and one that ends. */
const STEPS: readonly ((journal: Journal) => Promise<void>)[] = [
  (j) => j.begin(newRecord(assignmentOf({ attempt: id(1) }), null, unit)),
  (j) => j.begin(newRecord(assignmentOf({ attempt: id(2) }), null, unit)),
  (j) => j.change(id(1), { state: "preparing" }, { id: "m1", message: told(1) }),
  (j) => j.change(id(1), { note: { total: "7", signature: "0x07" } }),
  (j) => j.acked("m1"),
  (j) => j.release({ lease, terms: termsOf(), at: 5 }, { id: "m2", message: told(2) }),
  (j) => j.change(id(1), { note: { total: "9", signature: "0x09" } }, { id: "m3", message: told(3) }),
  (j) => j.acked("m2"),
  (j) => j.unrelease(lease),
  (j) => j.forget(id(2)),
];
/** So often the agent is started on the way: each start writes the journal anew. */
const RESTART_AFTER = 5;

/** A second passes at once: a journal that could not write tries again. */
const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: async () => undefined };

const stateOf = (journal: Journal): string =>
  JSON.stringify([[...journal.attempts], [...journal.outbox], [...journal.released]]);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "corepool-journal-faults-"));
});
afterEach(() => rm(dir, { recursive: true }));

type Wrap = (store: JournalStore) => JournalStore;

const reopened = (folder: string, wrap: Wrap = (store) => store) =>
  Journal.open(wrap(journalFile(join(folder, "journal.jsonl"))), clock, silentLog);

/** A supervisor starts an agent again that could not open its journal. */
async function opened(folder: string, wrap: Wrap): Promise<Journal> {
  return reopened(folder, wrap).catch(() => reopened(folder, wrap));
}

interface Progress {
  /** State after each step that was begun, beginning with the empty one. */
  readonly states: string[];
  /** How many of them were said to be safe. */
  safe: number;
}

async function live(folder: string, progress: Progress, wrap: Wrap): Promise<void> {
  let journal = await opened(folder, wrap);
  progress.states.push(stateOf(journal));
  for (const [i, step] of STEPS.entries()) {
    const written = step(journal);
    progress.states.push(stateOf(journal));
    await written;
    progress.safe += 1;
    if (i + 1 !== RESTART_AFTER) continue;
    await journal.close().catch(() => undefined);
    journal = await opened(folder, wrap);
    // Where a close failed, nothing is lost all the same.
    if (stateOf(journal) !== progress.states.at(-1)) throw new Error("a restart changed the state");
  }
  await journal.close().catch(() => undefined);
}

/** What is wrong after a life in which one call went wrong; undefined when nothing is. */
async function wrongAfter(plan: FilePlan, wrap: Wrap = (store) => store): Promise<string | undefined> {
  const folder = await mkdtemp(join(dir, "one-"));
  const progress: Progress = { states: [], safe: 0 };
  const { struck, outcome } = await withFiles(folder, plan, () => live(folder, progress, wrap));
  if (!struck) return "the call was never made";
  if (outcome?.status === "rejected") return String(outcome.reason);
  const after = stateOf(await reopened(folder));
  // Begun in order, so what is there is one of the states from the last safe one on.
  const possible = outcome === undefined ? progress.states.slice(progress.safe) : progress.states.slice(-1);
  return possible.includes(after) || (progress.states.length === 0 && after === "[[],[],[]]")
    ? undefined
    : `after ${progress.safe} safe of ${progress.states.length - 1} steps there is ${after}`;
}

async function plans(): Promise<readonly FilePlan[]> {
  const folder = await mkdtemp(join(dir, "whole-"));
  const { calls, outcome } = await withFiles(folder, undefined, () =>
    live(folder, { states: [], safe: 0 }, (store) => store),
  );
  expect(outcome?.status).toBe("fulfilled");
  // Every step writes and syncs, every start reads, writes, syncs and renames.
  expect(calls.length).toBeGreaterThan(2 * STEPS.length + 10);
  return calls.flatMap((_, call) =>
    FILE_FAULTS.map((fault, i): FilePlan => ({ call, fault, code: (call + i) % 2 === 0 ? "EIO" : "ENOSPC" })),
  );
}

it("is what it was or what it was to be, whichever call on the disk goes wrong, and however", async () => {
  const wrong: string[] = [];
  const all = await plans();
  for (const plan of all) {
    const found = await wrongAfter(plan);
    if (found !== undefined) wrong.push(`${JSON.stringify(plan)}: ${found}`);
  }
  expect(wrong).toEqual([]);
});

it.each<[string, Wrap]>([
  [
    "says that a line is safe when its write failed",
    (store) => ({ ...store, append: (lines) => store.append(lines).catch(() => undefined) }),
  ],
  [
    "writes lines apart that belong together",
    (store) => ({
      ...store,
      append: async (lines) => {
        for (const half of lines.flatMap((line) => [line.slice(0, 40), line.slice(40)])) await store.append([half]);
      },
    }),
  ],
])("finds a journal that %s", async (_, wrap) => {
  let found: string | undefined;
  for (const plan of await plans()) {
    found = await wrongAfter(plan, wrap);
    if (found !== undefined) break;
  }
  expect(found).toMatch(/safe of|restart changed/);
});
