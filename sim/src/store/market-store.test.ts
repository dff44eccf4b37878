import { storeConformance } from "@corepool/coordinator/testing/store-conformance";
import { describe, expect, it } from "vitest";
import { Executor } from "../world/executor.ts";
import { HostTime, SimProcess } from "../world/process.ts";
import { SeededRandom } from "../world/random.ts";
import { SimDatabase } from "./database.ts";
import { SimEvents } from "./events.ts";
import { simStore } from "./market-store.ts";

const world = () => {
  const random = new SeededRandom(1);
  const executor = new Executor(random);
  const process = new SimProcess("coordinator", executor, new HostTime(), random);
  const database = new SimDatabase();
  return { executor, process, database, store: simStore(database, new SimEvents(), process) };
};

// The very suite that the store on PostgreSQL passes: what the simulation shows about one holds for the other.
storeConformance("of the simulation", async () => world().store);

describe("transactions of the simulation", () => {
  it("make the second writer of a row wait, and show nothing before the commit", async () => {
    const { database, process, executor } = world();
    const order: string[] = [];
    const add = (name: string, ms: number) =>
      database.transaction(process, async (tx) => {
        await tx.lockRow("rows", "a");
        const before = tx.get<number>("rows", "a") ?? 0;
        await process.wait(ms, "thinks");
        await tx.write("rows", "a", before + 1);
        order.push(`${name} ${before} ${Number(database.table("rows").get("a") ?? -1)}`);
      });
    const both = Promise.all([add("first", 100), add("second", 1)]);
    await executor.run(1_000, () => undefined);
    await both;
    expect(order).toEqual(["first 0 -1", "second 1 1"]);
    expect(database.table("rows").get("a")).toBe(2);
  });

  it("end one of two that wait for each other, and run it again", async () => {
    const { database, process, executor } = world();
    let runs = 0;
    const both = (first: string, second: string) =>
      database.transaction(process, async (tx) => {
        runs += 1;
        await tx.write("rows", first, "x");
        await process.wait(10, "thinks");
        await tx.write("rows", second, "x");
      });
    const done = Promise.all([both("a", "b"), both("b", "a")]);
    await executor.run(1_000, () => undefined);
    await done;
    expect(runs).toBe(3);
  });

  it("leave nothing of a killed process behind, locks included", async () => {
    const { database, process, executor } = world();
    void database.transaction(process, async (tx) => {
      await tx.write("rows", "a", "lost");
      await process.wait(1_000, "thinks");
    });
    await executor.run(10, () => undefined);
    process.kill();
    const next = new SimProcess("next", executor, new HostTime(), new SeededRandom(2));
    const written = database.transaction(next, (tx) => tx.write("rows", "a", "kept"));
    await executor.run(5_000, () => undefined);
    await written;
    expect(database.table("rows").get("a")).toBe("kept");
  });

  it("may be committed although the answer was lost", async () => {
    const { database, process, executor } = world();
    database.weather = { latency: () => 0, fate: () => "lost-after", wake: () => undefined };
    const lost = expect(database.transaction(process, (tx) => tx.write("rows", "a", "x"))).rejects.toThrow("broke");
    await executor.run(10, () => undefined);
    await lost;
    expect(database.table("rows").get("a")).toBe("x");
  });
});
