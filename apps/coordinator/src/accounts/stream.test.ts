import { setTimeout as wait } from "node:timers/promises";
import { SCOPES } from "@corepool/protocol/route";
import { createApiKey, revokeApiKey, streamAccount } from "@corepool/protocol/routes/accounts";
import { call } from "@corepool/sdk/call";
import pg from "pg";
import { generatePrivateKey } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";
import { readEvents, type SeenEvent } from "../testing/streams.ts";
import { accountEventOf } from "./stream.ts";

let market: TestMarket;
let client: TestClient;
let agent: TestAgent;
let database: pg.Client;
beforeAll(async () => {
  market = await testMarket();
  database = new pg.Client({ connectionString: market.databaseUrl });
  await database.connect();
  client = new TestClient(market);
  agent = await client.agent(2);
});
afterAll(async () => {
  await agent.cut();
  await database.end();
  await market.endAll();
});

const follow = (count: number, lastEventId?: string, query: Record<string, string> = {}) =>
  readEvents(market, streamAccount.path, query, count, lastEventId);
/** Does something again and again until the work is done. */
async function meanwhile<T>(work: Promise<T>, again: () => Promise<unknown>): Promise<T> {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  while (!done) {
    await again();
    await Promise.race([watched, wait(200)]);
  }
  return watched;
}

/** The id of the newest event of the client's account. */
async function newest(): Promise<string | undefined> {
  const { rows } = await database.query<{ id: string }>(
    "select xid::text || '-' || seq as id from events where topic = $1 order by events.xid desc, seq desc limit 1",
    [`account:${market.client.address.toLowerCase()}`],
  );
  return rows[0]?.id;
}

const typesOf = (events: readonly SeenEvent[]) => events.map((event) => event.event ?? "");

describe("the stream of an account", () => {
  it("ends with the API key that opened it", async () => {
    const { key, secret } = await call(market.api, createApiKey, {
      body: { name: "reader", scopes: ["workloads:read"] },
    });
    const stream = await fetch(`${market.url}${streamAccount.path}`, {
      headers: { authorization: `Bearer ${secret}` },
      signal: AbortSignal.timeout(15_000),
    });
    expect(stream.status).toBe(200);
    const text = stream.text();
    const seen = await client.submit();
    await wait(1_100);
    await call(market.api, revokeApiKey, { params: { id: key.id } });
    await wait(1_100);
    const hidden = await client.submit();
    expect(await text).toContain(seen.id);
    expect(await text).not.toContain(hidden.id);
  });

  it("tells what happens to it from now on, goes on where it was left, and says when it cannot", async () => {
    const old = await client.submit();
    const [begin] = await meanwhile(follow(1), () => client.submit());
    expect(JSON.parse(begin?.data ?? "")).not.toMatchObject({ workload: old.id });
    const since = (await newest()) ?? "";
    const leased = await client.leased(agent);
    const first = await follow(3, since);
    expect(typesOf(first).filter((type) => type.startsWith("workload."))).toEqual([
      "workload.pending",
      "workload.ordered",
      "workload.leased",
    ]);
    for (const { id, event, data } of first) expect(JSON.parse(data)).toMatchObject({ id, type: event });
    await client.finish(agent, leased, RATE);
    const rest = await follow(4, first.at(-1)?.id);
    expect(typesOf(rest).filter((type) => !type.startsWith("ledger."))[0]).toBe("workload.starting");
    const all = [...first, ...rest].map(({ id }) => id);
    expect(new Set(all).size).toBe(all.length);
    // What was there between the last event and now may be gone.
    const [reset, ...others] = await follow(1, "1-1");
    expect([reset?.event, reset?.data, others]).toEqual(["reset", "{}", []]);
    await expect(follow(1, "nonsense")).rejects.toThrow(/^400 .*bad-cursor/);
  });

  it("tells a provider once when a machine of his comes and goes", async () => {
    const seen = async () => {
      const { rows } = await database.query<{ topic: string; type: string; body: object }>(
        "select topic, type, body from events where type like 'machine.%' order by xid, seq",
      );
      return rows;
    };
    const provider = market.provider.address.toLowerCase();
    const told = (type: string) => ({
      topic: `account:${provider}`,
      type,
      body: expect.objectContaining({ machine: agent.machine, workload: null, state: type.slice("machine.".length) }),
    });
    expect(await seen()).toEqual([told("machine.online")]);
    // A second connection replaces the first: it never left.
    await agent.connect(market.url);
    expect(await seen()).toHaveLength(1);
    await agent.cut();
    const gone = await until(async () => ((await seen()).length === 2 ? seen() : undefined));
    expect(gone[1]).toEqual(told("machine.offline"));
    // One that falls silent is gone, and back with its next word.
    await agent.connect(market.url);
    market.advance(60_000);
    await until(async () => ((await seen()).length === 4 ? true : undefined));
    agent.send({ type: "heartbeat", body: { attempts: [] } });
    const back = await until(async () => ((await seen()).length === 5 ? seen() : undefined));
    expect(back.map(({ type }) => type.slice("machine.".length))).toEqual([
      ...["online", "offline", "online", "offline", "online"],
    ]);
  });

  it("hints that the offers have changed to who wants to know", async () => {
    const other = new TestAgent(market.domain, generatePrivateKey());
    const seen = await meanwhile(follow(1, undefined, { offers: "true" }), async () => {
      await other.connect(market.url);
      await other.cut();
    });
    expect(seen).toEqual([{ id: undefined, event: "offers", data: "{}" }]);
  });

  it("shows a caller what his scopes let him see, and nothing without one", () => {
    const event = (type: string) => ({
      id: "1-1",
      type,
      at: new Date(0),
      body: { workload: null, state: null, note: null, account: "not shown" },
    });
    const visible = (type: string, ...scopes: (typeof SCOPES)[number][]) =>
      accountEventOf(event(type), new Set(scopes)) !== undefined;
    expect(visible("workload.running", "account:read")).toBe(false);
    expect(visible("workload.running", "workloads:read")).toBe(true);
    for (const type of ["ledger.payment", "machine.online", "anything.new"]) {
      expect(visible(type, "workloads:read"), type).toBe(false);
      expect(visible(type, "account:read"), type).toBe(true);
    }
    expect(accountEventOf(event("machine.online"), new Set(SCOPES))).not.toHaveProperty("account");
  });
});
