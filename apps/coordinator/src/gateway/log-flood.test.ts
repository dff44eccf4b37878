import { streamLogs } from "@corepool/protocol/routes/workloads";
import { followEvents } from "@corepool/sdk/sse";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket } from "../testing/market.ts";

const LINES = 20_000;
const LATE_MS = 1_000;

let market: TestMarket;
let client: TestClient;
let agent: TestAgent;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(3);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

describe("an agent whose job floods its log on the real socket", () => {
  it("is heard about its other job within a second; the log is whole, and is read back in pages", {
    timeout: 60_000,
  }, async () => {
    const flood = await client.leased(agent);
    await agent.run(flood.assign);
    const calm = await client.leased(agent);
    const { attempt } = flood.assign;
    const lines = Array.from({ length: LINES }, (_, n) => Buffer.from(`${n}\n`));
    const whole = Buffer.concat(lines);
    // As an older agent sends it: 256 KiB under way, whatever the number of messages. Outputs in turn: one line each.
    let offset = 0;
    for (const [n, data] of lines.entries()) {
      const stream = n % 2 === 0 ? "stdout" : "stderr";
      agent.send({ type: "log", body: { attempt, stream, offset, data: data.toString("base64") } });
      offset += data.length;
      if (n !== 4_000) continue;
      const said = performance.now();
      const body = { attempt: calm.assign.attempt, state: "preparing" as const, at: Date.now(), note: null };
      agent.send({ type: "attempt", body }, "state");
      await agent.waitForAny((m) => m.type === "ack" && m.body.of === "state");
      expect(performance.now() - said).toBeLessThan(LATE_MS);
    }
    await agent.waitFor("log-ack", (m) => m.body.attempt === attempt && m.body.offset === whole.length);
    await client.finish(agent, flood, RATE);

    const begun = performance.now();
    const parts: Buffer[] = [];
    for await (const event of followEvents(market.api, streamLogs, () => ({
      params: { id: flood.id },
      query: { follow: "true" as const },
    }))) {
      if (event.event === "end") break;
      parts.push(Buffer.from((JSON.parse(event.data) as { data: string }).data, "base64"));
    }
    const seconds = (performance.now() - begun) / 1_000;
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
    expect(LINES / seconds).toBeGreaterThan(2_000);
  });

  it("finds its log where it was when the coordinator is back: bytes come again, however cut, and none twice or never", {
    timeout: 60_000,
  }, async () => {
    const job = await client.leased(agent);
    await agent.run(job.assign);
    const { attempt } = job.assign;
    const whole = Buffer.from(Array.from({ length: 3_000 }, (_, n) => `${n}\n`).join(""));
    const send = (from: number, to: number, step: number) => {
      for (let offset = from; offset < to; offset += step) {
        const data = whole.subarray(offset, Math.min(to, offset + step)).toString("base64");
        agent.send({ type: "log", body: { attempt, stream: "stdout", offset, data } });
      }
    };
    const stored = (offset: number) =>
      agent.waitFor("log-ack", (m) => m.body.attempt === attempt && m.body.offset === offset);
    send(0, 6_000, 7);
    await agent.waitFor("log-ack", (m) => m.body.attempt === attempt && m.body.offset > 1_000);
    await market.stop();
    await market.start();
    await agent.connect(market.url);
    // Beyond what came before: the coordinator says where it goes on, and takes nothing of it.
    send(12_000, 12_010, 10);
    send(900, 6_000, 1_000);
    await stored(6_000);
    send(5_500, whole.length, 1_234);
    await stored(whole.length);
    const parts: Buffer[] = [];
    let end = 0;
    for await (const event of followEvents(market.api, streamLogs, () => ({ params: { id: job.id }, query: {} }))) {
      if (event.event === "end") break;
      const { offset, data } = JSON.parse(event.data) as { offset: number; data: string };
      expect(offset).toBe(end);
      parts.push(Buffer.from(data, "base64"));
      end += parts.at(-1)?.length ?? 0;
    }
    expect(Buffer.concat(parts).toString()).toBe(whole.toString());
  });
});
