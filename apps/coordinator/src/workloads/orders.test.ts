import { CorepoolError } from "@corepool/core/errors";
import { depositCalldata, withdrawCalldata } from "@corepool/protocol/market/calldata";
import { accountOf } from "@corepool/protocol/market/reads";
import { approveCalldata } from "@corepool/protocol/market/tokens";
import { createApiKey, getAccount } from "@corepool/protocol/routes/accounts";
import { cancelWorkload, explainPlacement, replaceWorkload } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { createClient } from "@corepool/sdk/client";
import { newLeaseKey } from "@corepool/sdk/lease-key";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket } from "../testing/market.ts";

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

const cancel = (id: string) => call(market.api, cancelWorkload, { params: { id } });

async function problemOf(work: Promise<unknown>): Promise<CorepoolError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof CorepoolError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a workload that nobody can take", () => {
  it("is refused with every reason and the cheapest change, and nothing is stored", async () => {
    const problem = await problemOf(client.submit({ resources: { cpus: 3 } }));
    expect(problem.code).toBe("no-placement");
    expect(problem.data["reasons"]).toHaveLength(3);
    expect(problem.data["reasons"]).toContainEqual(
      expect.objectContaining({ dimension: "cpus", asked: "3", had: "2" }),
    );
    expect(problem.data["relaxations"]).toEqual([
      {
        dimension: "cpus",
        change: "ask for 2 cores",
        offers: 3,
        edits: [{ pointer: "/spec/resources/cpus", value: 2 }],
      },
    ]);
  });

  it("is explained to anybody without being stored", async () => {
    const token = market.deployment.gpToken;
    const body = { spec: client.spec(), constraints: { token, maxRate: String(RATE - 1n) } };
    const anybody = createClient({ url: market.url, fetch, clock: systemClock, random: systemRandom });
    const view = await call(anybody, explainPlacement, { body });
    expect(view).toMatchObject({ considered: 3, candidates: [] });
    expect(view.refusals.map((r) => r.dimension)).toEqual(["price", "price", "price"]);
    const open = await call(anybody, explainPlacement, { body: { ...body, constraints: { token } } });
    expect(open.candidates).toHaveLength(3);
  });

  it("is refused when an input was not uploaded", async () => {
    const input = { path: "a", hash: `sha256:${"0".repeat(64)}` as const, sizeBytes: 1 };
    expect((await problemOf(client.submit({ inputs: [input] }))).code).toBe("blob-not-found");
  });
});

describe("an order", () => {
  it("must be the client's own, for exactly what was placed, in time and for the first time", async () => {
    const workload = await client.submit();
    const key = generatePrivateKey();
    const refused = async (...given: Parameters<TestClient["accept"]> extends [unknown, ...infer R] ? R : never) =>
      (await problemOf(client.accept(workload, ...given))).code;
    expect(await refused({}, { signer: key })).toBe("bad-signature");
    expect(await refused({}, { signature: "0x1234" })).toBe("bad-signature");
    expect(await refused({ client: privateKeyToAccount(key).address })).toBe("order-mismatch");
    expect(await refused({ token: market.deployment.stablecoin })).toBe("order-mismatch");
    expect(await refused({ maxRate: String(RATE - 1n) })).toBe("order-mismatch");
    expect(await refused({ maxEscrow: "1" })).toBe("order-mismatch");
    expect(await refused({ duration: 61 })).toBe("order-mismatch");
    expect(await refused({ bid: String(RATE + 1n), maxRate: String(2n * RATE), maxEscrow: String(RATE * 120n) })).toBe(
      "order-mismatch",
    );
    expect(await refused({ units: `0x${"12".repeat(32)}` })).toBe("order-mismatch");
    expect(await refused({ gang: "1" })).toBe("order-mismatch");
    expect(await refused({ funder: market.provider.address })).toBe("order-mismatch");
    expect(await refused({}, { leasePublicKey: privateKeyToAccount(key).publicKey })).toBe("order-mismatch");
    const other = await client.submit({ command: ["false"] });
    const foreign = await client.bind(other, newLeaseKey(systemRandom));
    await cancel(other.id);
    expect(await refused({}, { binding: foreign })).toBe("bad-signature");
    expect(await refused({}, { bound: other })).toBe("bad-signature");
    expect(await refused({ expiry: 1 })).toBe("order-expired");
    expect(await refused({ nonce: 0 })).toBe("order-replayed");
    expect(await refused({ counter: 2 })).toBe("order-replayed");
    expect((await client.read(workload.id)).state).toBe("pending");
    expect((await call(market.api, getAccount, {})).balances[0]?.escrowed).toBe("0");
    await cancel(workload.id);
    expect((await problemOf(client.accept(workload))).code).toBe("illegal-transition");
  });

  it("is not accepted twice, nor with a nonce that another order on its way uses", async () => {
    const [first, second] = [await client.submit(), await client.submit()];
    const { order } = await client.accept(first);
    expect((await problemOf(client.accept(second, { nonce: order.nonce }))).code).toBe("order-replayed");
    await agent.waitFor("assign", (m) => m.body.workload === first.id);
    expect((await problemOf(client.accept(second, { nonce: order.nonce }))).code).toBe("order-replayed");
    await client.accept(second);
    await agent.waitFor("assign", (m) => m.body.workload === second.id);
    for (const { id } of [first, second]) await stopped(id);
  });

  it("needs cash for its escrow beside all that is on its way", async () => {
    const { gpToken, leaseMarket } = market.deployment;
    const { cash } = await accountOf(market.reader, leaseMarket, gpToken, market.client.address);
    // All but the escrow of one workload leaves the ledger.
    await market.act(market.client, leaseMarket, withdrawCalldata(gpToken, market.client.address, cash - RATE * 60n));
    const [first, second] = [await client.submit(), await client.submit()];
    await client.accept(first);
    const problem = await problemOf(client.accept(second));
    expect(problem.code).toBe("insufficient-funds");
    expect(problem.message).toContain("0 are free");
    await market.act(market.client, gpToken, approveCalldata(leaseMarket, cash));
    await market.act(market.client, leaseMarket, depositCalldata(gpToken, cash - RATE * 60n));
    await client.accept(second);
    for (const { id } of [first, second]) await stopped(id);
  });

  it("under an API key counts against its spend cap", async () => {
    const { secret } = await call(market.api, createApiKey, {
      body: { name: "capped", scopes: ["workloads:write", "workloads:read"], spendCap: String(RATE * 90n) },
    });
    const capped = createClient({ url: market.url, fetch, clock: systemClock, random: systemRandom, token: secret });
    const own = new TestClient({ ...market, api: capped }, client);
    const [first, second] = [await own.submit(), await own.submit()];
    await own.accept(first);
    expect((await problemOf(own.accept(second))).code).toBe("spend-cap-reached");
    await stopped(first.id);
    await cancel(second.id);
  });

  it("for a unit that went to another is told so, and the workload can be placed again", async () => {
    const rivals = [];
    for (let i = 0; i < 3; i++) rivals.push(await client.submit());
    const late = await client.submit();
    const taken = rivals.find((w) => w.placed?.offerId === late.placed?.offerId);
    if (taken === undefined) throw new Error("the reservation spread four workloads over three units");
    await client.accept(taken);
    expect((await problemOf(client.accept(late))).code).toBe("offer-gone");
    const again = await call(market.api, replaceWorkload, { params: { id: late.id } });
    expect(again.placed?.offerId).not.toBe(late.placed?.offerId);
    await client.accept(again);
    for (const { id } of [taken, late]) await stopped(id);
    for (const { id } of rivals) if (id !== taken.id) await cancel(id);
  });
});

describe("a placed workload that nobody orders", () => {
  it("ends after an hour", async () => {
    const { id } = await client.submit();
    market.advance(3_700_000);
    expect((await client.state(id, "failed")).reason).toBe("order-expired");
  });
});

/** Cancels a leased workload and plays its agent to the end. */
async function stopped(id: string): Promise<void> {
  const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === id);
  await cancel(id);
  await agent.waitFor("stop", (m) => m.body.attempt === assign.attempt);
  await agent.end(assign, { reason: "stopped-by-client", exitCode: -1 });
  await agent.close(assign.lease, 0n, null);
  expect((await client.state(id, "cancelled")).lease?.refund).toBe(assign.terms.escrow);
}
