import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestDatabase } from "../../testing/database.ts";
import { systemRandom } from "../adapters/system-random.ts";
import { openJobs, type PostgresJobs } from "./jobs.adapter.ts";

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let jobs: PostgresJobs;
const troubles: unknown[] = [];
const open = (supervise = true) =>
  openJobs({ url: opened.url, random: systemRandom, onTrouble: (error) => troubles.push(error), supervise });

beforeAll(async () => {
  opened = await openTestDatabase();
  jobs = await open();
});
afterAll(async () => {
  await jobs.close(1_000);
  await opened.close();
});

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error("waited ten seconds in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("background jobs", () => {
  it("run what was committed, promptly, and not what was rolled back", async () => {
    const done: number[] = [];
    await jobs.work<{ n: number }>("plain", { concurrency: 2 }, async ({ n }) => {
      done.push(n);
    });
    await opened.database
      .transaction(async (tx) => {
        await jobs.sendOnCommit(tx, "plain", { n: 1 });
        throw new Error("no");
      })
      .catch(() => undefined);
    await opened.database.transaction((tx) => jobs.sendOnCommit(tx, "plain", { n: 2 }));
    await jobs.send("plain", { n: 3 });
    await until(() => done.length === 2);
    expect([...done].sort((a, b) => a - b)).toEqual([2, 3]);
  });

  it("keep one waiting job per key, and any number without", async () => {
    for (const n of [1, 2, 3]) await jobs.send("keyed", { n }, { key: "same" });
    for (const n of [4, 5]) await jobs.send("keyed", { n });
    const done: number[] = [];
    await jobs.work<{ n: number }>("keyed", { concurrency: 1 }, async ({ n }) => {
      done.push(n);
    });
    await until(() => done.length === 3);
    expect([...done].sort((a, b) => a - b)).toEqual([1, 4, 5]);
  });

  it("run again after a failure", async () => {
    let runs = 0;
    await jobs.work("flaky", { concurrency: 1 }, async () => {
      runs++;
      if (runs === 1) throw new Error("not yet");
    });
    await jobs.send("flaky", {});
    await until(() => runs === 2);
  });

  it("survive the process that took them in", async () => {
    const other = await open(false);
    await other.send("survivors", { n: 7 });
    await other.close(100);
    let got = 0;
    await jobs.work<{ n: number }>("survivors", { concurrency: 1 }, async ({ n }) => {
      got = n;
    });
    await until(() => got === 7);
    expect(troubles.map((error) => (error as Error).message)).toEqual(["not yet"]);
  });
});
