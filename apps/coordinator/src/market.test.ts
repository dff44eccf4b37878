import { createHash } from "node:crypto";
import type { Hex } from "@corepool/core/hex";
import { accountOf } from "@corepool/protocol/market/reads";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { getReceipt, probeLease, streamEvents } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "./testing/agent.ts";
import { RATE, TestClient } from "./testing/client.ts";
import { type TestMarket, testMarket, until } from "./testing/market.ts";
import { readEvents } from "./testing/streams.ts";

const CASH = 1_000n * 10n ** 18n;
let market: TestMarket;
let client: TestClient;
let agent: TestAgent;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(2);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

const cashOf = async (account: Hex): Promise<bigint> =>
  (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, account)).cash;

describe("the main road", () => {
  it("tells a client what it needs to check and sign for itself", async () => {
    const view = await call(market.api, getMarket, {});
    expect(view.contracts.leaseMarket).toBe(market.deployment.leaseMarket);
    expect(view.relayer).toBe(market.relayer.address.toLowerCase());
    expect(view.tokens.map((t) => [t.symbol, t.decimals, t.feeBps, t.burnBps])).toEqual([
      ["GP", 18, 500, 5000],
      ["USDC", 6, 500, 0],
    ]);
    const account = await call(market.api, getAccount, {});
    expect(account.balances[0]?.cash).toBe(String(CASH));
    expect(account).toMatchObject({ counter: 1, nextNonce: 1 });
  });

  it("leads from a workload to a paid provider", async () => {
    const workload = await client.submit();
    expect(workload.state).toBe("pending");
    expect(workload.placed?.escrow).toBe(String(RATE * 60n));
    const { workload: ordered, key } = await client.accept(workload);
    expect(ordered.state).toBe("ordered");
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    expect(assign.terms.client).toBe(market.client.address);
    expect((await client.read(workload.id)).lease?.state).toBe("open");
    expect(await call(market.api, getAccount, {})).toMatchObject({
      nextNonce: 2,
      balances: [{ cash: String(CASH - RATE * 60n), escrowed: String(RATE * 60n) }, {}],
    });
    await agent.run(assign);
    expect((await client.read(workload.id)).state).toBe("running");

    const nonce: Hex = `0x${"5a".repeat(32)}`;
    const answer = await call(market.api, probeLease, { params: { id: assign.lease }, body: { nonce } });
    expect(answer.frozen).toBe(false);
    await client.pay(assign.lease, key, RATE / 2n);
    await agent.waitFor("note", (m) => m.body.total === String(RATE / 2n));

    await agent.end(assign);
    const finishing = await client.state(workload.id, "finishing");
    expect(finishing.attempts[0]?.exitCode).toBe(0);
    const note = await client.pay(assign.lease, key, RATE, true);
    await agent.waitFor("note", (m) => m.body.over !== null);
    const before = await cashOf(market.provider.address);
    await agent.close(assign.lease, RATE, note);
    await client.state(workload.id, "succeeded");
    const receipt = await until(async () => {
      const now = await call(market.api, getReceipt, { params: { id: workload.id } });
      return now.burnTx === null || !now.final ? undefined : now;
    });
    expect(receipt).toMatchObject({
      total: String(RATE),
      billedMs: 1_000,
      fee: String(RATE / 20n),
      burn: String(RATE / 40n),
      refund: String(RATE * 59n),
    });
    expect((await cashOf(market.provider.address)) - before).toBe(BigInt(receipt.provider.paid));
    expect(await cashOf(market.client.address)).toBe(CASH - RATE);
    expect((await call(market.api, getAccount, {})).balances[0]).toMatchObject({
      cash: String(CASH - RATE),
      escrowed: "0",
    });
    agent.send({ type: "heartbeat", body: { attempts: [{ attempt: assign.attempt, state: "ended" }] } });
    expect((await agent.waitFor("closed")).body).toMatchObject({ attempt: assign.attempt, paid: String(RATE) });

    const events = await readEvents(market, streamEvents.path, { workload: workload.id }, 8);
    expect(events.map((e) => e.event)).toEqual([
      "workload.pending",
      "workload.ordered",
      "workload.leased",
      "workload.starting",
      "workload.running",
      "workload.finishing",
      "attempt.ended",
      "workload.succeeded",
    ]);
    const rest = await readEvents(market, streamEvents.path, { workload: workload.id }, 3, events[4]?.id);
    expect(rest).toEqual(events.slice(5));
    // An event that is no longer kept: what came after it may be gone too, so the reader is told to read anew.
    const [reset] = await readEvents(market, streamEvents.path, { workload: workload.id }, 1, "1-1");
    expect(reset).toMatchObject({ event: "reset", data: "{}" });
    await expect(readEvents(market, streamEvents.path, {}, 1, "nonsense")).rejects.toThrow(/^400 .*bad-cursor/);
  });
});

describe("outputs of which the report comes days after them", () => {
  it("are accepted, and stay their provider's for a day from then on", async () => {
    const workload = await client.submit();
    const { key } = await client.accept(workload);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    await agent.run(assign);
    const bytes = new TextEncoder().encode(`what ${workload.id} made`);
    const hash = `sha256:${createHash("sha256").update(bytes).digest("hex")}` as const;
    const uploaded = await fetch(`${market.url}/v1/blobs/${hash}`, {
      method: "PUT",
      headers: { authorization: `Bearer ${agent.token}` },
      body: bytes,
    });
    expect(uploaded.status).toBe(201);
    const database = new pg.Client({ connectionString: market.databaseUrl });
    await database.connect();
    // Everything so far was three days ago.
    await database.query("update attempts set created_at = created_at - interval '3 days' where id = $1", [
      assign.attempt,
    ]);
    await database.query("update blob_deliveries set delivered_at = delivered_at - interval '3 days'");
    await database.query("update blob_refs set expires_at = expires_at - interval '3 days' where hash = $1", [hash]);
    await agent.end(assign, {}, [{ path: "made", hash, sizeBytes: bytes.length }]);
    const seen = await client.state(workload.id, "finishing");
    expect(seen.attempts[0]?.reason).toBe("exited");
    await until(async () => {
      const { rowCount } = await database.query("select from blob_deliveries where hash = $1", [hash]);
      return rowCount === 0 || undefined;
    });
    const { rows } = await database.query<{ expires_at: Date }>("select expires_at from blob_refs where hash = $1", [
      hash,
    ]);
    expect(rows[0]?.expires_at.getTime()).toBeGreaterThan(Date.now() + 23 * 3_600_000);
    await database.end();
    const note = await client.pay(assign.lease, key, RATE, true);
    await agent.close(assign.lease, RATE, note);
    await client.state(workload.id, "succeeded");
  });
});
