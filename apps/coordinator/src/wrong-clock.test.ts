import { type WrongClock, wrongClock } from "@corepool/chain/testing/wrong-clock";
import type { Hex } from "@corepool/core/hex";
import { decodeMarketEvent, type MarketEvent } from "@corepool/protocol/market/events";
import { accountOf } from "@corepool/protocol/market/reads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "./testing/agent.ts";
import { RATE, TestClient } from "./testing/client.ts";
import { type ServedMarket, until } from "./testing/market.ts";
import { type CoordinatorProcess, type ProcessMarket, processMarket } from "./testing/processes.ts";
import { offerFor, signOffers, unitSpec } from "./testing/unit.ts";

const HOUR = 3_600;
const seconds = () => Math.floor(Date.now() / 1000);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a coordinator whose wall clock is wrong", () => {
  let place: ProcessMarket;
  let process: CoordinatorProcess;
  let market: ServedMarket;
  let clock: WrongClock;
  let client: TestClient;
  let agent: TestAgent;

  beforeAll(async () => {
    clock = await wrongClock();
    place = await processMarket();
    process = await place.start(clock.env);
    market = place.servedBy(process);
    client = new TestClient(market);
    agent = await client.agent(2);
  }, 60_000);
  afterAll(async () => {
    await agent?.cut();
    await place?.endAll();
    await clock?.end();
  }, 60_000);

  const cash = async () =>
    (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, market.client.address)).cash;
  const events = async (): Promise<readonly { readonly event: MarketEvent; readonly block: bigint }[]> => {
    const { number: to } = await market.reader.head();
    const logs = await market.reader.logs({ from: 0n, to, addresses: [market.domain.market] });
    return logs.flatMap((log) => {
      const event = decodeMarketEvent(log);
      return event === undefined ? [] : [{ event, block: log.blockNumber }];
    });
  };
  /** When the lease was closed, by the chain, and with what. */
  const closing = (lease: Hex) =>
    until(async () => {
      const found = (await events()).find(({ event }) => event.name === "LeaseClosed" && event.args.lease === lease);
      if (found?.event.name !== "LeaseClosed") return undefined;
      const timestamp = Number((await market.reader.blockByNumber(found.block))?.timestamp);
      return { timestamp, paid: found.event.args.paid };
    }, 20_000);
  const opened = async () => (await events()).filter(({ event }) => event.name === "LeaseOpened").length;

  it("pays nothing before its time by the chain's clock, though it is an hour ahead itself", async () => {
    const { id, key, assign } = await client.leased(agent, { durationSeconds: 12 });
    await agent.run(assign);
    const whole = RATE * 12n;
    await expect(client.pay(assign.lease, key, whole, true)).rejects.toMatchObject({ code: "note-too-large" });
    await clock.set(HOUR);
    // By its own clock the lease has run its course: it takes the note, and the provider agrees to close with it.
    const note = await client.pay(assign.lease, key, whole, true);
    await agent.end(assign);
    await agent.close(assign.lease, whole, note);
    const { timestamp, paid } = await closing(assign.lease);
    expect(paid).toBe(whole);
    const { start, grace } = assign.terms;
    expect(paid).toBeLessThanOrEqual(RATE * BigInt(timestamp - start + grace));
    await client.state(id, "succeeded");
    await clock.set(0);
  }, 60_000);

  it("ends no lease before its time, and honours none after it", async () => {
    const { id, key, assign } = await client.leased(agent, { durationSeconds: 60 });
    await agent.run(assign);
    for (const wrong of [2 * HOUR, -2 * HOUR, 90, -90]) {
      await clock.set(wrong);
      await sleep(1_200);
    }
    expect((await client.read(id)).lease?.state).toBe("open");
    // With its clock behind it still takes what the chain would pay, and no more.
    await client.pay(assign.lease, key, RATE);
    await expect(client.pay(assign.lease, key, RATE * 60n)).rejects.toMatchObject({ code: "note-too-large" });
    const note = await client.pay(assign.lease, key, RATE * 2n, true);
    await agent.end(assign);
    await agent.close(assign.lease, RATE * 2n, note);
    const { timestamp, paid } = await closing(assign.lease);
    expect(paid).toBe(RATE * 2n);
    expect(paid).toBeLessThanOrEqual(RATE * BigInt(timestamp - assign.terms.start + assign.terms.grace));
    await client.state(id, "succeeded");
  }, 60_000);

  it("opens no lease with an order or an offer that has expired, though its clock is behind", async () => {
    await clock.set(-2 * HOUR);
    const before = await cash();
    const leases = await opened();
    const workload = await client.submit();
    const { workload: late } = await client.accept(workload, { expiry: seconds() - 60 });
    const lost = await until(async () => {
      const now = await client.read(workload.id);
      return now.state === "ordered" || now.state === "leased" ? undefined : now;
    });
    expect(late.lease?.state).toBe("ordered");
    expect(lost.detail).toContain("OrderExpired");

    const wish = { provider: market.provider.address, token: market.deployment.gpToken, rate: RATE };
    const units = [1, 2].map((unit) => unitSpec(agent.machine, unit));
    const expired = units.map((spec) => ({
      spec,
      offer: offerFor(spec, { ...wish, changes: { expiry: seconds() - 60 } }),
    }));
    const offers = await signOffers(market.domain, market.provider.key, expired);
    await agent.say({ type: "offers", body: { units, offers } });
    const stale = await client.submit();
    await client.accept(stale);
    const refused = await until(async () => {
      const now = await client.read(stale.id);
      return now.state === "ordered" || now.state === "leased" ? undefined : now;
    });
    expect(refused.detail).toContain("OfferExpired");
    expect([await cash(), await opened()]).toEqual([before, leases]);
    await clock.set(0);
  }, 60_000);

  it("lets no session live again that it has once seen end", async () => {
    const token = market.api.credentials.token ?? "";
    const ask = async () =>
      (await fetch(`${market.url}/v1/account`, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await ask()).toBe(200);
    await clock.set(13 * HOUR);
    expect(await ask()).toBe(401);
    await clock.set(-HOUR);
    expect(await ask()).toBe(401);
    await clock.set(0);
    expect(await ask()).toBe(401);
  });
});
