import type { Address, Hex } from "@corepool/core/hex";
import { digestOf, mandateData, providerTree, unitLeaf } from "@corepool/protocol/eip712";
import { revokeMandateCalldata, withdrawCalldata } from "@corepool/protocol/market/calldata";
import { accountOf } from "@corepool/protocol/market/reads";
import { dropMandate, getAccount, grantMandate, listMandates } from "@corepool/protocol/routes/accounts";
import { listWorkloads } from "@corepool/protocol/routes/workloads";
import type { MandateMessage } from "@corepool/protocol/spec";
import { call } from "@corepool/sdk/call";
import { zeroHash } from "viem";
import { generatePrivateKey, privateKeyToAccount, sign } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";

let market: TestMarket;
let client: TestClient;
let agent: TestAgent;
let salt = 0;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(2);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

const mandateOf = (changes: Partial<MandateMessage> = {}): MandateMessage => ({
  client: market.client.address,
  operator: market.relayer.address,
  token: market.deployment.gpToken,
  maxRate: String(RATE),
  maxEscrow: String(RATE * 60n),
  maxTotal: String(RATE * 100n),
  providers: zeroHash,
  expiry: 4_000_000_000,
  counter: 1,
  salt: ++salt,
  ...changes,
});

async function grant(mandate: MandateMessage, key: Hex = market.client.key, providers: readonly Address[] = []) {
  const signature = await sign({ hash: digestOf(mandateData(market.domain, mandate)), privateKey: key, to: "hex" });
  return call(market.api, grantMandate, { body: { mandate, signature, providers: [...providers] } });
}

const cash = async (): Promise<bigint> =>
  (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, market.client.address)).cash;

describe("a mandate", () => {
  it("is kept only when its client signed it, for this operator, as of now", async () => {
    await expect(grant(mandateOf(), generatePrivateKey())).rejects.toMatchObject({ code: "bad-signature" });
    await expect(grant(mandateOf({ operator: market.provider.address }))).rejects.toMatchObject({
      code: "bad-request",
    });
    await expect(grant(mandateOf({ client: market.provider.address }))).rejects.toMatchObject({ code: "bad-request" });
    await expect(grant(mandateOf({ expiry: 1 }))).rejects.toMatchObject({ code: "bad-request" });
    await expect(grant(mandateOf({ counter: 2 }))).rejects.toMatchObject({ code: "bad-request" });
    expect((await call(market.api, listMandates, {})).data).toEqual([]);
    const mandate = mandateOf();
    const first = await grant(mandate);
    expect((await grant(mandate)).id).toBe(first.id);
    expect((await call(market.api, listMandates, {})).data).toHaveLength(1);
    await call(market.api, dropMandate, { params: { id: first.id } });
    expect((await call(market.api, listMandates, {})).data[0]?.revokedAt).not.toBeNull();
  });

  it("lets the coordinator order, watch and pay, within its bounds, while the client is away", async () => {
    const before = await cash();
    const { id } = await grant(mandateOf());
    const workload = await client.submit({}, {}, id);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    expect(assign.terms.client).toBe(market.client.address);
    await agent.run(assign);
    const started = Date.now();
    const note = await agent.waitFor("note", (m) => m.body.lease === assign.lease && BigInt(m.body.total) > 0n);
    expect(BigInt(note.body.total)).toBeLessThanOrEqual((RATE * BigInt(Date.now() - started + 2_000)) / 1_000n);
    await agent.end(assign, { startedAtMs: "0", endedAtMs: "999999" });
    const last = await agent.waitFor("note", (m) => m.body.lease === assign.lease && m.body.over !== null);
    // The report claims far more than probes prove: one grace beyond them is all it gets.
    const total = BigInt(last.body.total);
    expect(total).toBeLessThanOrEqual((RATE * BigInt(Date.now() - started + 4_000)) / 1_000n);
    await agent.close(assign.lease, total, last.body.signature);
    await client.state(workload.id, "succeeded");
    expect(before - (await cash())).toBe(total);
    const listed = (await call(market.api, listMandates, {})).data.find((m) => m.id === id);
    expect(listed?.committed).toBe(String(RATE * 60n));

    await expect(client.submit({}, {}, id)).rejects.toMatchObject({
      code: "mandate-exceeded",
      message: expect.stringMatching(/of its total of [\d.]+ GP, [\d.]+ GP is committed/) as unknown,
    });
  });

  it("with a list of providers rents from those alone, and proves on chain that they are listed", async () => {
    const strangers = Array.from({ length: 4 }, () => privateKeyToAccount(generatePrivateKey()).address);
    const listed = [...strangers.slice(0, 2), market.provider.address, ...strangers.slice(2)];
    const { root } = providerTree(listed);
    // The list must be the one that was signed: whole, and in its order.
    for (const wrong of [[], listed.slice(1), listed.toReversed(), [...listed, strangers[0] ?? "0x"]])
      await expect(grant(mandateOf({ providers: root }), undefined, wrong)).rejects.toMatchObject({
        code: "bad-request",
      });
    await expect(grant(mandateOf(), undefined, listed)).rejects.toMatchObject({ code: "bad-request" });
    const single = mandateOf({ providers: unitLeaf(market.provider.address, 1n) });
    await expect(grant(single)).rejects.toMatchObject({ code: "bad-request" });

    const granted = await grant(mandateOf({ providers: root }), undefined, listed);
    expect(granted.providers).toEqual(listed.map((each) => each.toLowerCase()));
    const workload = await client.submit({}, {}, granted.id);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    await agent.run(assign);
    await agent.end(assign);
    const last = await agent.waitFor("note", (m) => m.body.lease === assign.lease && m.body.over !== null);
    await agent.close(assign.lease, BigInt(last.body.total), last.body.signature);
    await client.state(workload.id, "succeeded");

    const others = await grant(mandateOf({ providers: providerTree(strangers).root }), undefined, strangers);
    await expect(client.submit({}, {}, others.id)).rejects.toMatchObject({
      code: "no-placement",
      data: { reasons: expect.arrayContaining([expect.objectContaining({ dimension: "provider" })]) as unknown },
    });
    const narrowed = client.submit({}, { providers: [strangers[0] ?? "0x"] }, granted.id);
    await expect(narrowed).rejects.toMatchObject({ code: "no-placement" });
  });

  it("counts the time that answers prove, however often and far the coordinator's clock is set", async () => {
    const { id } = await grant(mandateOf());
    const workload = await client.submit({}, {}, id);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    const started = Date.now();
    await agent.run(assign);
    let total = 0n;
    for (const ms of [12_000, 0, 12_000, -12_000]) {
      market.setClock(ms);
      const from = agent.received.length;
      const more = await agent.waitFor("note", (m) => BigInt(m.body.total) > total, from);
      total = BigInt(more.body.total);
      expect(total).toBeLessThanOrEqual((RATE * BigInt(Date.now() - started)) / 1_000n);
    }
    await agent.end(assign, { exitCode: 1, startedAtMs: "0", endedAtMs: "1" });
    const last = await agent.waitFor("note", (m) => m.body.lease === assign.lease && m.body.over !== null);
    await agent.close(assign.lease, BigInt(last.body.total), last.body.signature);
    await client.state(workload.id, "failed");
  });

  it("pays for a freeze, however long, at most one grace", async () => {
    const { id } = await grant(mandateOf());
    const workload = await client.submit({}, {}, id);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    await agent.run(assign);
    const paid = await agent.waitFor("note", (m) => m.body.lease === assign.lease && BigInt(m.body.total) > 0n);
    agent.frozen = true;
    const from = agent.received.length;
    for (let probes = 0, at = from; probes < 4; probes++) {
      await agent.waitFor("probe", (m) => m.body.lease === assign.lease, at);
      at = agent.received.length;
    }
    const total = BigInt((await client.read(workload.id)).lease?.noteTotal ?? "0");
    expect(total).toBeGreaterThan(BigInt(paid.body.total));
    // What ran until the answer before the freeze, and the grace.
    const grace = BigInt(assign.terms.grace);
    expect(total).toBeLessThanOrEqual(BigInt(paid.body.total) + (RATE * (grace * 1_000n + 1_500n)) / 1_000n);
    agent.frozen = false;
    await agent.end(assign, { exitCode: 1, startedAtMs: "0", endedAtMs: "1" });
    const last = await agent.waitFor("note", (m) => m.body.lease === assign.lease && m.body.over !== null);
    await agent.close(assign.lease, BigInt(last.body.total), last.body.signature);
    await client.state(workload.id, "failed");
  });

  it("pays nothing while the sandbox does not answer", async () => {
    const { id } = await grant(mandateOf());
    const workload = await client.submit({}, {}, id);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    await agent.run(assign);
    // It answers, but not as the sandbox would.
    agent.serving.set(assign.lease, privateKeyToAccount(generatePrivateKey()).publicKey);
    await agent.waitFor("probe", (m) => m.body.lease === assign.lease);
    const from = agent.received.length;
    await agent.waitFor("probe", (m) => m.body.lease === assign.lease, from);
    expect((await client.read(workload.id)).lease?.noteTotal).toBe("0");
    await agent.end(assign, { exitCode: 1 });
    await agent.close(assign.lease, 0n, null);
    await client.state(workload.id, "failed");
  });

  it("is watched over from another process than the one that agents are connected to", async () => {
    await market.stop();
    await market.start("api");
    await market.start("worker");
    await until(async () => {
      await agent.connect(market.url).catch(() => undefined);
      return agent.closed === undefined ? true : undefined;
    });
    const { id } = await grant(mandateOf());
    const workload = await client.submit({}, {}, id);
    const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
    await agent.run(assign);
    const paid = await agent.waitFor("note", (m) => m.body.lease === assign.lease && BigInt(m.body.total) > 0n);
    expect(agent.received.some((m) => m.type === "probe" && m.body.request.startsWith("r"))).toBe(true);
    await agent.end(assign);
    const last = await agent.waitFor("note", (m) => m.body.lease === assign.lease && m.body.over !== null);
    expect(BigInt(last.body.total)).toBeGreaterThanOrEqual(BigInt(paid.body.total));
    await agent.close(assign.lease, BigInt(last.body.total), last.body.signature);
    await client.state(workload.id, "succeeded");
  });

  it("that was revoked, cancelled or does not reach is refused before anything is placed", async () => {
    const count = async () => (await call(market.api, listWorkloads, {})).data.length;
    const before = await count();
    const revoked = mandateOf();
    const { id } = await grant(revoked);
    await market.act(market.client, market.domain.market, revokeMandateCalldata(revoked));
    const refused = async (mandate: string, why: RegExp) =>
      expect(client.submit({}, {}, mandate)).rejects.toMatchObject({
        code: "mandate-exceeded",
        message: expect.stringMatching(why) as unknown,
      });
    await refused(id, /it was revoked/);
    await refused((await grant(mandateOf({ maxRate: String(RATE - 1n) }))).id, /highest rate is [\d.]+ GP\/h/);
    await refused((await grant(mandateOf({ maxEscrow: "1" }))).id, /at most 0\.0+1 GP into one lease/);
    const dropped = await grant(mandateOf());
    await call(market.api, dropMandate, { params: { id: dropped.id } });
    await refused(dropped.id, /it was revoked/);
    expect(await count()).toBe(before);
    const { id: good } = await grant(mandateOf());
    await market.act(
      market.client,
      market.domain.market,
      withdrawCalldata(market.deployment.gpToken, market.client.address, await cash()),
    );
    const poor = await client.submit({}, {}, good);
    expect((await client.state(poor.id, "failed")).reason).toBe("insufficient-funds");
    expect((await call(market.api, getAccount, {})).balances[0]?.escrowed).toBe("0");
    await expect(client.submit({}, {}, "mdt_00000000000000000000000000")).rejects.toMatchObject({ code: "not-found" });
  });
});
