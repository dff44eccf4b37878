import { setTimeout as wait } from "node:timers/promises";
import { getMarket, listMachines, listOffers } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import pg from "pg";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { TestAgent } from "../testing/agent.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";
import { offerFor, signOffers, unitSpec } from "../testing/unit.ts";

let market: TestMarket;
beforeAll(async () => {
  market = await testMarket({
    COREPOOL_MACHINES_PER_PROVIDER: "2",
    COREPOOL_AGENTS_WAITING_PER_ADDRESS: "8",
    COREPOOL_MACHINES_PER_ADDRESS: "16",
    COREPOOL_REFUSED_WEAKNESSES: "CVE-2000-1, disk-limit-watched-not-enforced",
  });
});
afterAll(() => market.endAll());

const RATE = 10n ** 15n;
const agentOf = (key = generatePrivateKey()) => new TestAgent(market.domain, key);

async function offersOf(agent: TestAgent, units: number, rate = RATE) {
  const specs = Array.from({ length: units }, (_, i) => unitSpec(agent.machine, i + 1));
  const provider = privateKeyToAccount(agent.key).address;
  const wish = { provider, token: market.deployment.gpToken, rate };
  const offers = await signOffers(
    market.domain,
    agent.key,
    specs.map((spec) => ({ spec, offer: offerFor(spec, wish) })),
  );
  return { units: specs, offers };
}

const openOffers = async (agent: TestAgent) => {
  const provider = privateKeyToAccount(agent.key).address;
  return (await call(market.api, listOffers, { query: { provider } })).data;
};

describe("an agent that connects", () => {
  it("is refused when its hello is not signed by the provider, or its public key is another's", async () => {
    const agent = agentOf();
    const other = privateKeyToAccount(generatePrivateKey());
    await expect(agent.connect(market.url, { provider: other.address, publicKey: other.publicKey })).rejects.toThrow(
      "4401",
    );
    await expect(agentOf().connect(market.url, { publicKey: other.publicKey })).rejects.toThrow("4401");
    await expect(agentOf().connect(market.url, { signature: "0x00" })).rejects.toThrow("4401");
  });

  it("must say hello in time, and is left in peace once it has", async () => {
    const silent = new WebSocket(`${market.url.replace("http", "ws")}/v1/agent`);
    const cut = new Promise<number>((resolve) => silent.on("close", resolve));
    const agent = agentOf();
    await agent.connect(market.url);
    expect(await cut).toBe(4401);
    await wait(500);
    expect(agent.closed).toBeUndefined();
    await agent.cut();
  });

  it("may not be one of more machines than a provider may have, nor of many that say nothing", async () => {
    const key = generatePrivateKey();
    const [one, two, three] = [agentOf(key), agentOf(key), agentOf(key)];
    await one.connect(market.url);
    await two.connect(market.url);
    await expect(three.connect(market.url)).rejects.toThrow("4503");
    // The same machine again takes its own place.
    await one.connect(market.url);
    await two.cut();
    await until(() =>
      three.connect(market.url).then(
        () => true,
        () => undefined,
      ),
    );
    const silent = Array.from({ length: 9 }, () => new WebSocket(`${market.url.replace("http", "ws")}/v1/agent`));
    const code = await Promise.race(silent.map((ws) => new Promise<number>((resolve) => ws.once("close", resolve))));
    expect(code).toBe(4503);
    expect(silent.filter((ws) => ws.readyState === WebSocket.OPEN)).toHaveLength(8);
    for (const ws of silent) ws.terminate();
    for (const agent of [one, three]) await agent.cut();
  });

  it("may not be one of more machines than an address may have, whoever's they are", async () => {
    const agents = Array.from({ length: 17 }, () => agentOf());
    const refused: unknown[] = [];
    for (const agent of agents) await agent.connect(market.url).catch((error: unknown) => refused.push(error));
    // More than one when those of the test before have not quite left.
    expect(refused.length).toBeGreaterThan(0);
    expect(String(refused[0])).toContain("4503");
    for (const agent of agents) await agent.cut();
    // Whoever comes next finds room again.
    const next = agentOf();
    await until(() =>
      next.connect(market.url).then(
        () => true,
        () => undefined,
      ),
    );
    await next.cut();
  });

  it("may not take over another provider's machine", async () => {
    const owner = agentOf();
    await owner.connect(market.url);
    // Neither with the owner's id and salt, which his own key does not make, nor with a salt of his own.
    const thief = new TestAgent(market.domain, generatePrivateKey(), owner.salt);
    expect(thief.machine).not.toBe(owner.machine);
    const { machine } = owner;
    await expect(thief.connect(market.url, { machine })).rejects.toThrow("4401");
    await expect(thief.connect(market.url, { machine, salt: `0x${"01".repeat(32)}` })).rejects.toThrow("4401");
    await thief.connect(market.url);
    expect(owner.closed).toBeUndefined();
    await thief.cut();
    await owner.say({ type: "offers", body: await offersOf(owner, 1) });
    await owner.cut();
  });

  it("replaces its older connection, which is told so and counts no more", async () => {
    const first = agentOf();
    await first.connect(market.url);
    const second = new TestAgent(market.domain, first.key, first.salt);
    await second.connect(market.url);
    await until(() => first.closed);
    expect(first.closed?.code).toBe(4409);
    await second.say({ type: "offers", body: await offersOf(second, 1) });
    await second.cut();
  });

  it("is cut off for what is no message, and told what is malformed", async () => {
    const agent = agentOf();
    await agent.connect(market.url);
    agent.raw("no json");
    await until(() => agent.closed);
    expect(agent.closed?.code).toBe(4400);
    await agent.connect(market.url);
    agent.raw(Buffer.from([1, 2, 3]));
    await until(() => agent.closed);
    expect(agent.closed?.code).toBe(4400);
  });

  it("hears once of a probe whose asker has died, and not with every connection", async () => {
    const agent = agentOf();
    await agent.connect(market.url);
    await agent.cut();
    const lease = `0x${"ab".repeat(32)}`;
    const left = { type: "probe", body: { request: "r1", lease, nonce: lease } };
    const database = new pg.Client({ connectionString: market.databaseUrl });
    await database.connect();
    await database.query("insert into agent_messages (machine, key, message) values ($1, $2, $3)", [
      agent.machine,
      "probe:r1",
      JSON.stringify(left),
    ]);
    await agent.connect(market.url);
    await agent.waitFor("probe", ({ body }) => body.request === "r1");
    const { rowCount } = await database.query("select from agent_messages where machine = $1", [agent.machine]);
    expect(rowCount).toBe(0);
    await database.end();
    await agent.cut();
  });

  it("is offline once it has left", async () => {
    const agent = agentOf();
    await agent.connect(market.url);
    await agent.cut();
    await until(async () => {
      const { data } = await call(market.api, listMachines, { query: { limit: 200 } });
      return data.find((m) => m.id === agent.machine)?.online === false ? true : undefined;
    });
  });

  it("counts as offline when it has missed three signs of life, and online again when it is back", async () => {
    const agent = agentOf();
    await agent.connect(market.url);
    const seen = async () =>
      (await call(market.api, listMachines, { query: { limit: 200 } })).data.find((m) => m.id === agent.machine)
        ?.online;
    expect(await seen()).toBe(true);
    market.advance(16_000);
    await until(async () => ((await seen()) === false ? true : undefined));
    agent.send({ type: "heartbeat", body: { attempts: [] } });
    await until(async () => ((await seen()) === true ? true : undefined));
    await agent.cut();
  });
});

describe("offers that an agent announces", () => {
  it("replace what it offered before, and an offer said again keeps its id", async () => {
    const agent = agentOf();
    await agent.connect(market.url);
    const two = await offersOf(agent, 2);
    await agent.say({ type: "offers", body: two });
    const before = await openOffers(agent);
    expect(before.map((o) => o.signed.spec.unit).sort((a, b) => a - b)).toEqual([1, 2]);
    await agent.say({ type: "offers", body: two });
    expect((await openOffers(agent)).map((o) => o.id).sort()).toEqual(before.map((o) => o.id).sort());
    await agent.say({ type: "offers", body: await offersOf(agent, 1, RATE + 1n) });
    expect((await openOffers(agent)).map((o) => o.signed.offer.rate)).toEqual([String(RATE + 1n)]);
    await agent.say({ type: "offers", body: { units: [], offers: [] } });
    expect(await openOffers(agent)).toEqual([]);
    await agent.cut();
  });

  it("change nothing when one of them is not acceptable", async () => {
    const agent = agentOf();
    await agent.connect(market.url);
    const provider = privateKeyToAccount(agent.key).address;
    await agent.say({ type: "offers", body: await offersOf(agent, 1) });
    const good = await openOffers(agent);
    const spec = unitSpec(agent.machine, 1);
    const wish = { provider, token: market.deployment.gpToken, rate: RATE };
    const announced = async (changes: object, signer = agent.key, units = [spec]) => {
      const offers = await signOffers(market.domain, signer, [{ spec, offer: offerFor(spec, { ...wish, changes }) }]);
      return agent.say({ type: "offers", body: { units, offers } });
    };
    await expect(announced({}, generatePrivateKey())).rejects.toThrow("bad-signature");
    await expect(announced({ provider: market.client.address })).rejects.toThrow("offer-invalid");
    await expect(announced({ spec: `0x${"00".repeat(32)}` })).rejects.toThrow("offer-invalid");
    await expect(announced({ token: market.client.address })).rejects.toThrow("offer-invalid");
    await expect(announced({ expiry: 1 })).rejects.toThrow("offer-invalid");
    await expect(announced({ grace: 0 })).rejects.toThrow("offer-invalid");
    await expect(announced({ grace: 86_401 })).rejects.toThrow("offer-invalid");
    await expect(announced({ rate: "0" })).rejects.toThrow("offer-invalid");
    await expect(announced({}, agent.key, [])).rejects.toThrow("offer-invalid");
    await expect(announced({}, agent.key, [unitSpec(`0x${"11".repeat(32)}`, 1)])).rejects.toThrow("offer-invalid");
    const wrongMarket = { ...market.domain, chainId: 1 };
    const foreign = await signOffers(wrongMarket, agent.key, [{ spec, offer: offerFor(spec, wish) }]);
    await expect(agent.say({ type: "offers", body: { units: [spec], offers: foreign } })).rejects.toThrow(
      "bad-signature",
    );
    expect(await openOffers(agent)).toEqual(good);
    await agent.cut();
  });

  it("are not taken from a machine with a weakness that the market's rules name, and those it had are gone", async () => {
    expect((await call(market.api, getMarket, {})).refusedWeaknesses).toEqual([
      "CVE-2000-1",
      "disk-limit-watched-not-enforced",
    ]);
    const agent = agentOf();
    await agent.connect(market.url);
    const marked = async (...weaknesses: string[]) => {
      const plain = unitSpec(agent.machine, 1);
      const spec = { ...plain, isolation: { ...plain.isolation, weaknesses } };
      const wish = { provider: privateKeyToAccount(agent.key).address, token: market.deployment.gpToken, rate: RATE };
      const offers = await signOffers(market.domain, agent.key, [{ spec, offer: offerFor(spec, wish) }]);
      return agent.say({ type: "offers", body: { units: [spec], offers } });
    };
    await marked("bubblewrap<0.12.0:CVE-2026-87766");
    expect((await openOffers(agent)).map((o) => o.signed.spec.isolation.weaknesses)).toEqual([
      ["bubblewrap<0.12.0:CVE-2026-87766"],
    ]);
    await expect(marked("bubblewrap<0.12.0:CVE-2026-87766", "runc<1.3.3:CVE-2000-1")).rejects.toThrow(
      /machine-weak.*no machine with runc<1\.3\.3:CVE-2000-1\. Install runc 1\.3\.3 or later/,
    );
    expect(await openOffers(agent)).toEqual([]);
    await expect(marked("disk-limit-watched-not-enforced")).rejects.toThrow(/machine-weak.*as root/);
    await marked();
    expect(await openOffers(agent)).toHaveLength(1);
    await agent.cut();
  });

  it("may not use the unit numbers of another machine of the provider", async () => {
    const one = agentOf();
    await one.connect(market.url);
    await one.say({ type: "offers", body: await offersOf(one, 1) });
    const other = new TestAgent(market.domain, one.key);
    await other.connect(market.url);
    await expect(other.say({ type: "offers", body: await offersOf(other, 1) })).rejects.toThrow("offer-invalid");
    await Promise.all([one.cut(), other.cut()]);
  });
});
