import type { Hex } from "@corepool/core/hex";
import { digestOf, paymentNoteData } from "@corepool/protocol/eip712";
import { accountOf } from "@corepool/protocol/market/reads";
import type { WorkloadView } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import {
  acceptPlacement,
  getReceipt,
  getWorkload,
  payLease,
  probeLease,
  submitWorkload,
} from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { newLeaseKey } from "@corepool/sdk/lease-key";
import { signOrder } from "@corepool/sdk/order";
import { sign } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemRandom } from "./platform/adapters/system-random.ts";
import { TestAgent } from "./testing/agent.ts";
import { type TestMarket, testMarket, until } from "./testing/market.ts";
import { offerFor, signOffers, unitSpec } from "./testing/unit.ts";

const RATE = 10n ** 15n;
let market: TestMarket;
let agent: TestAgent;

async function announce(units: number): Promise<void> {
  const specs = Array.from({ length: units }, (_, i) => unitSpec(agent.machine, i + 1));
  const wish = { provider: market.provider.address, token: market.deployment.gpToken, rate: RATE };
  const offers = await signOffers(
    market.domain,
    market.provider.key,
    specs.map((spec) => ({ spec, offer: offerFor(spec, wish) })),
  );
  await agent.say({ type: "offers", body: { units: specs, offers } });
}

const spec = (durationSeconds = 60) => ({
  kind: "job" as const,
  command: ["true"],
  resources: { cpus: 1, memoryBytes: 2 ** 28, diskBytes: 2 ** 28 },
  durationSeconds,
});

async function order(workload: WorkloadView, nonce: number, key = newLeaseKey(systemRandom)) {
  const { placed } = workload;
  if (placed === null) throw new Error("not placed");
  const signed = await signOrder(market.domain, market.wallet, {
    offer: placed.signed.offer,
    durationSeconds: workload.spec.durationSeconds,
    leaseKey: key.address,
    nonce,
    counter: 1,
    expiry: Math.floor(Date.now() / 1000) + 600,
  });
  const body = { ...signed, leasePublicKey: key.publicKey, unitProof: [] };
  return { key, body, send: () => call(market.api, acceptPlacement, { params: { id: workload.id }, body }) };
}

const read = (id: string) => call(market.api, getWorkload, { params: { id } });
const state = (id: string, wanted: WorkloadView["state"]) =>
  until(async () => {
    const now = await read(id);
    return now.state === wanted ? now : undefined;
  });

async function pay(lease: Hex, key: Hex, total: bigint, last = false): Promise<Hex> {
  const signature = await sign({
    hash: digestOf(paymentNoteData(market.domain, lease, total)),
    privateKey: key,
    to: "hex",
  });
  await call(market.api, payLease, { params: { id: lease }, body: { total: String(total), signature, last } });
  return signature;
}

beforeAll(async () => {
  market = await testMarket();
  agent = new TestAgent(market.domain, market.provider.key);
  await agent.connect(market.url);
  await announce(4);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

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
    expect(account.balances[0]?.cash).toBe(String(1_000n * 10n ** 18n));
  });

  it("leads from a workload to a paid provider", async () => {
    const { placed, ...workload } = await call(market.api, submitWorkload, {
      body: { spec: spec(), constraints: { token: market.deployment.gpToken } },
    });
    expect(workload.state).toBe("pending");
    expect(placed?.escrow).toBe(String(RATE * 60n));
    const { key, send } = await order({ placed, ...workload }, 1);
    const ordered = await send();
    expect(ordered.state).toBe("ordered");
    const assign = (await agent.waitFor("assign", (m) => m.body.workload === workload.id)).body;
    expect(assign.terms.client).toBe(market.client.address);
    expect((await read(workload.id)).lease?.state).toBe("open");
    await agent.run(assign);
    expect((await read(workload.id)).state).toBe("running");

    const nonce: Hex = `0x${"5a".repeat(32)}`;
    const answer = await call(market.api, probeLease, { params: { id: assign.lease }, body: { nonce } });
    expect(answer.frozen).toBe(false);
    await pay(assign.lease, key.privateKey, RATE / 2n);
    await agent.waitFor("note", (m) => m.body.total === String(RATE / 2n));

    await agent.end(assign);
    const finishing = await state(workload.id, "finishing");
    expect(finishing.attempts[0]?.exitCode).toBe(0);
    const note = await pay(assign.lease, key.privateKey, RATE, true);
    await agent.waitFor("note", (m) => m.body.last);
    const before = await accountOf(
      market.reader,
      market.domain.market,
      market.deployment.gpToken,
      market.provider.address,
    );
    await agent.close(assign.lease, RATE, note);
    await state(workload.id, "succeeded");
    const after = await accountOf(
      market.reader,
      market.domain.market,
      market.deployment.gpToken,
      market.provider.address,
    );
    const receipt = await until(async () => {
      const now = await call(market.api, getReceipt, { params: { id: workload.id } });
      return now.burnTx === null ? undefined : now;
    });
    expect(receipt).toMatchObject({
      total: String(RATE),
      billedMs: 1_000,
      fee: String(RATE / 20n),
      burn: String(RATE / 40n),
      refund: String(RATE * 59n),
    });
    expect(after.cash - before.cash).toBe(BigInt(receipt.provider.paid));
    expect(
      await accountOf(market.reader, market.domain.market, market.deployment.gpToken, market.client.address),
    ).toMatchObject({
      cash: 1_000n * 10n ** 18n - RATE,
    });
  });
});
