import { drainMachine, getOwnMachine, listOwnMachines } from "@corepool/protocol/routes/machines";
import { getNetwork, getOffer, listOffers } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { clientOf, type TestMarket, testMarket, until, walletOf } from "../testing/market.ts";

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

const asProvider = () => clientOf(market.url, walletOf(market.provider.key));
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (error: { readonly code?: string }) => error.code,
  );

describe("a provider's own machine", () => {
  it("is shown with its offers, leases and earnings, and to nobody else", { timeout: 60_000 }, async () => {
    const provider = asProvider();
    const params = { id: agent.machine };
    const before = await call(provider, getOwnMachine, { params });
    expect(before).toMatchObject({ id: agent.machine, online: true, draining: false, leases: [], earnings: [] });
    expect(before.units).toHaveLength(2);
    expect(before.offers.map(({ unit, rate }) => [unit, rate])).toEqual([
      [1, String(RATE)],
      [2, String(RATE)],
    ]);

    const leased = await client.leased(agent);
    expect((await call(provider, getOwnMachine, { params })).leases).toMatchObject([
      { id: leased.assign.lease, state: "open", rate: String(RATE) },
    ]);
    const network = await call(market.api, getNetwork, {});
    expect(network).toMatchObject({
      machines: { total: 1, online: 1, providers: 1 },
      supply: { cpus: 2 },
      offers: { open: 2 },
    });
    await client.finish(agent, leased, RATE * 3n);
    const after = await until(async () => {
      const now = await call(provider, getOwnMachine, { params });
      return now.earnings.length === 0 ? undefined : now;
    });
    const fee = (RATE * 3n) / 20n;
    expect(after.earnings).toMatchObject([{ token: market.deployment.gpToken.toLowerCase() }]);
    expect(after.earnings[0]?.earned).toBe(String(RATE * 3n - fee));
    expect(JSON.stringify(after)).not.toContain(leased.id);
    expect((await call(provider, listOwnMachines, { query: {} })).data).toEqual([after]);

    expect((await call(market.api, listOwnMachines, { query: {} })).data).toEqual([]);
    expect(await codeOf(call(market.api, getOwnMachine, { params }))).toBe("not-found");
    expect(await codeOf(call(market.api, drainMachine, { params, body: { draining: true } }))).toBe("not-found");
    expect((await call(provider, getOwnMachine, { params })).draining).toBe(false);
  });

  it("that runs dry takes no new workload until it is told to, and ends what it has", { timeout: 60_000 }, async () => {
    const provider = asProvider();
    const params = { id: agent.machine };
    const leased = await client.leased(agent);
    const placed = await client.submit();
    const dry = await call(provider, drainMachine, { params, body: { draining: true } });
    expect(dry.draining).toBe(true);
    expect((await call(market.api, listOffers, { query: {} })).data).toEqual([]);
    const offer = placed.placed?.offerId ?? "";
    expect(await codeOf(call(market.api, getOffer, { params: { id: offer } }))).toBe("not-found");
    expect(await codeOf(client.submit())).toBe("no-placement");
    expect(await codeOf(client.accept(placed))).toBe("offer-gone");
    // Neither a new connection nor its announcements end it.
    await agent.cut();
    await agent.connect(market.url);
    expect((await call(provider, getOwnMachine, { params })).draining).toBe(true);
    await client.finish(agent, leased, RATE);
    await call(provider, drainMachine, { params, body: { draining: false } });
    expect((await call(market.api, listOffers, { query: {} })).data).toHaveLength(2);
    expect((await client.submit()).placed).not.toBeNull();
  });
});

describe("the figures of the market", () => {
  it("are those of what is there, and counted once for all who ask within seconds", async () => {
    market.advance(10_000);
    agent.send({ type: "heartbeat", body: { attempts: [] } });
    const first = await call(market.api, getNetwork, {});
    const gp = market.deployment.gpToken.toLowerCase();
    expect(first.settled.find(({ token }) => token === gp)).toMatchObject({
      paidLastDay: String(4n * RATE - (4n * RATE) / 20n),
      feesLastDay: String((4n * RATE) / 20n),
      paidLast30Days: String(4n * RATE - (4n * RATE) / 20n),
    });
    expect(first.demand).toMatchObject({ live: 0 });
    expect(first.prices).toMatchObject([{ token: gp, offers: 2, lowest: String(RATE), highest: String(RATE) }]);
    expect(BigInt(first.follower.head) - BigInt(first.follower.block)).toBe(BigInt(first.follower.lagBlocks));
    const leased = await client.leased(agent);
    const response = await fetch(`${market.url}${getNetwork.path}`);
    expect(response.headers.get("cache-control")).toBe("public, max-age=5");
    expect(await response.json()).toEqual(first);
    market.advance(6_000);
    expect(await call(market.api, getNetwork, {})).toMatchObject({ leased: { cpus: 2 }, demand: { live: 1 } });
    await client.finish(agent, leased, 0n);
  });
});
