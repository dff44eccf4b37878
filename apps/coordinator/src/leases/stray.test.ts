import type { Hex } from "@corepool/core/hex";
import { closeData, digestOf, leaseId, orderData } from "@corepool/protocol/eip712";
import {
  depositCalldata,
  openCalldata,
  requestCloseCalldata,
  settleCalldata,
  withdrawCalldata,
} from "@corepool/protocol/market/calldata";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import { accountOf } from "@corepool/protocol/market/reads";
import { approveCalldata } from "@corepool/protocol/market/tokens";
import type { WorkloadView } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { cancelWorkload } from "@corepool/protocol/routes/workloads";
import type { OrderMessage, TermsMessage } from "@corepool/protocol/spec";
import { call } from "@corepool/sdk/call";
import { sign } from "viem/accounts";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { type TestMarket, testMarket, until } from "../testing/market.ts";

let market: TestMarket;
let client: TestClient;
let agent: TestAgent;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(1);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

const cash = async () =>
  (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, market.client.address)).cash;
const escrowed = async () => (await call(market.api, getAccount, {})).balances[0]?.escrowed;

async function restart(mode?: "api"): Promise<void> {
  await market.stop();
  await market.start(mode);
  await until(async () => {
    await agent.connect(market.url).catch(() => undefined);
    return agent.closed === undefined ? true : undefined;
  });
}

/** Opens a lease past the coordinator, as anyone may who has the signatures. */
async function openedByAnyone({ placed }: WorkloadView, order: OrderMessage): Promise<TermsMessage> {
  if (placed === null) throw new Error("nothing is placed");
  const hash = digestOf(orderData(market.domain, order));
  const orderSig = await sign({ hash, privateKey: market.client.key, to: "hex" });
  const { offer, signature: offerSig, proof: offerProof } = placed.signed;
  const data = openCalldata({ offer, offerSig, offerProof: offerProof as Hex[], order, orderSig, unitProof: [] });
  const tx = await market.act(market.provider, market.domain.market, data);
  const { blockNumber } = (await market.reader.outcome(tx)) ?? {};
  if (blockNumber === undefined) throw new Error("the transaction is not there");
  const logs = await market.reader.logs({ from: blockNumber, to: blockNumber, addresses: [market.domain.market] });
  for (const log of logs) {
    const event = decodeMarketEvent(log);
    if (event?.name === "LeaseOpened") return event.args.terms;
  }
  throw new Error("no lease was opened");
}

/** An order whose lease could not open because its client's cash had gone; the workload is cancelled. */
async function failedOrder() {
  const workload = await client.submit();
  const all = await cash();
  const { gpToken, leaseMarket } = market.deployment;
  await restart("api");
  const { order } = await client.accept(workload);
  await market.act(market.client, leaseMarket, withdrawCalldata(gpToken, market.client.address, all));
  await restart();
  await client.state(workload.id, "pending");
  await call(market.api, cancelWorkload, { params: { id: workload.id } });
  await market.act(market.client, gpToken, approveCalldata(leaseMarket, all));
  await market.act(market.client, leaseMarket, depositCalldata(gpToken, all));
  await until(async () =>
    (await call(market.api, getAccount, {})).balances[0]?.cash === String(all) ? true : undefined,
  );
  return { workload, order, all };
}

it("an order that anyone opens after its workload has left gives its escrow back by the provider's own agreement", async () => {
  const { workload, order, all } = await failedOrder();
  const stray = await openedByAnyone(workload, order);
  const lease = leaseId(market.domain, market.provider.address, BigInt(stray.unit), stray.seq);
  expect(await cash()).toBe(all - RATE * 60n);
  const { body } = await agent.waitFor("release", (m) => m.body.lease === lease);
  expect(body.terms).toEqual(stray);
  expect(agent.received.some((m) => m.type === "assign" && m.body.lease === lease)).toBe(false);
  // The unit counts as taken: nobody is placed on it.
  await expect(client.submit()).rejects.toMatchObject({ code: "no-placement" });

  // Its client may ask for his money too; the agent is told the newest terms.
  await market.act(market.client, market.domain.market, requestCloseCalldata(stray));
  await agent.waitFor("release", (m) => m.body.terms.closeAt !== 0);
  await agent.close(lease, 0n, null);
  await until(async () => ((await cash()) === all ? true : undefined));
  await until(async () => ((await escrowed()) === "0" ? true : undefined));
  expect((await client.read(workload.id)).state).toBe("cancelled");
  const next = await client.leased(agent);
  await client.finish(agent, next, RATE);
});

it("so does one that opens under a later sequence, and one that a re-org takes back is forgotten", async () => {
  const { workload, order, all } = await failedOrder();
  // Somebody else was first on the unit, and has left it: the sequence is not the one that was placed.
  const first = await openedByAnyone(workload, { ...order, nonce: order.nonce + 50, key: market.provider.address });
  const lease0 = leaseId(market.domain, market.provider.address, BigInt(first.unit), first.seq);
  const hash = digestOf(closeData(market.domain, lease0, 0n));
  const closeSig = await sign({ hash, privateKey: market.provider.key, to: "hex" });
  const data = settleCalldata({ terms: first, total: 0n, noteSig: "0x", closeSig });
  await market.act(market.provider, market.domain.market, data);

  const snapshot = await market.node("evm_snapshot");
  const stray = await openedByAnyone(workload, order);
  expect(stray.seq).toBe(first.seq + 1);
  const lease = leaseId(market.domain, market.provider.address, BigInt(stray.unit), stray.seq);
  await agent.waitFor("release", (m) => m.body.lease === lease);
  await market.node("evm_revert", snapshot);
  await market.node("evm_mine");
  await until(async () => ((await escrowed()) === "0" ? true : undefined));

  const from = agent.received.length;
  await openedByAnyone(workload, order);
  await agent.waitFor("release", (m) => m.body.lease === lease, from);
  await agent.close(lease, 0n, null);
  await until(async () => ((await cash()) === all ? true : undefined));
});
