import { setTimeout as wait } from "node:timers/promises";
import { downloadLog, listWorkloadEvents, workloadMetrics } from "@corepool/protocol/routes/records";
import { call } from "@corepool/sdk/call";
import { signInWith } from "@corepool/sdk/sign-in";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { type Database, openDatabase } from "../platform/database/database.ts";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";
import { movingClock } from "../testing/moving-clock.ts";
import { Samples } from "./samples.ts";

const MOST = 16;
let market: TestMarket;
let client: TestClient;
let agent: TestAgent;
let database: Database;
const clock = movingClock();

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(3);
  const onIdleError = () => undefined;
  database = openDatabase({ url: market.databaseUrl, maxConnections: 4, clock, random: systemRandom, onIdleError });
});
afterAll(async () => {
  await agent.cut();
  await database.close();
  await market.endAll();
});

const text = async (id: string, query: string): Promise<string> => {
  const { token } = await signInWith(market.api, market.wallet);
  const url = `${market.url}${downloadLog.path.replace("{id}", id)}${query}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-disposition")).toContain(`attachment; filename="${id}`);
  return response.text();
};

describe("what is kept about a workload", () => {
  it("are its measurements, its events and its log, after its end too", async () => {
    const leased = await client.leased(agent);
    const { id, assign } = leased;
    await agent.run(assign);
    const { attempt } = assign;
    const usage = { attempt, memoryBytes: 2 ** 20, diskBytes: 4_096, processes: 3 };
    agent.send({ type: "sample", body: { ...usage, cpuMs: 0 } });
    const view = () => call(market.api, workloadMetrics, { params: { id }, query: {} });
    await until(async () => ((await view()).data[0]?.points.length === 1 ? true : undefined));
    // One that comes too soon is left out.
    agent.send({ type: "sample", body: { ...usage, cpuMs: 1, memoryBytes: 7 } });
    await wait(50);
    market.advance(10_000);
    agent.send({ type: "sample", body: { ...usage, cpuMs: 20_000, processes: 4 } });
    const { data } = await until(async () => ((await view()).data[0]?.points.length === 2 ? view() : undefined));
    expect(data).toMatchObject([
      {
        attempt,
        number: 1,
        over: false,
        limits: { cpus: 1, memoryBytes: 2 ** 28 },
        points: [{ cpus: 0, processes: 3 }, { processes: 4 }],
      },
    ]);
    expect(data[0]?.points[1]?.cpus).toBeGreaterThan(1.5);
    expect(data[0]?.points[1]?.cpus).toBeLessThanOrEqual(2);
    expect(data[0]?.points.map(({ memoryBytes }) => memoryBytes)).toEqual([2 ** 20, 2 ** 20]);
    // Nothing is taken of an attempt of another machine.
    agent.send({ type: "sample", body: { ...usage, attempt: `att_${"0".repeat(26)}`, cpuMs: 0 } }, "stranger");
    await agent.waitForAny((m) => m.type === "problem" && m.body.of === "stranger");

    const log = (stream: "stdout" | "stderr", offset: number, data: string) =>
      agent.send({ type: "log", body: { attempt, stream, offset, data: Buffer.from(data).toString("base64") } });
    log("stdout", 0, "one\n");
    log("stderr", 4, "two\n");
    log("stdout", 8, "three\n");
    await agent.waitFor("log-ack", (m) => m.body.offset === 14);
    await client.finish(agent, leased, RATE);

    expect(await text(id, "")).toBe("one\ntwo\nthree\n");
    expect(await text(id, "?stream=stderr")).toBe("two\n");
    expect(await text(id, "?attempt=1&stream=stdout")).toBe("one\nthree\n");
    expect(await text(id, "?attempt=2")).toBe("");
    const after = await view();
    expect(after.data).toMatchObject([{ over: true, points: data[0]?.points }]);
    const events = await call(market.api, listWorkloadEvents, { params: { id } });
    expect(events.data.map(({ type }) => type)).toEqual([
      ...["workload.pending", "workload.ordered", "workload.leased", "workload.starting", "workload.running"],
      ...["workload.finishing", "attempt.ended", "workload.succeeded"],
    ]);
    expect(new Set(events.data.map(({ workload }) => workload))).toEqual(new Set([id]));
  });

  it("is bounded: a long series is thinned evenly, and forgotten a month after its last sample", async () => {
    const { assign } = await client.leased(agent);
    const samples = new Samples(database, clock, MOST);
    const begun = clock.now();
    for (let i = 0; i < 100; i++) {
      clock.advance(5_000);
      await samples.take(assign.attempt, { cpuMs: i, memoryBytes: i, diskBytes: null, processes: 1 });
      const kept = await samples.of(assign.attempt);
      expect(kept.length).toBeLessThan(MOST);
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(i + 1, MOST / 2 - 1));
      // The first is never lost, and the distance between two is the same everywhere.
      expect(kept[0]?.cpuMs).toBe(0);
      const steps = new Set(kept.slice(1).map(({ cpuMs }, place) => cpuMs - (kept[place]?.cpuMs ?? 0)));
      expect(steps.size, [...steps].join()).toBeLessThanOrEqual(1);
    }
    expect((await samples.of(assign.attempt)).at(-1)?.at).toBeGreaterThan(begun + 400_000);
    clock.advance(29 * 86_400_000);
    await samples.forgetExpired();
    expect((await samples.of(assign.attempt)).length).toBeGreaterThan(0);
    clock.advance(2 * 86_400_000);
    await samples.forgetExpired();
    expect(await samples.of(assign.attempt)).toEqual([]);
  });
});
