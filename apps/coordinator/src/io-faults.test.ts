import type { Hex } from "@corepool/core/hex";
import { accountOf } from "@corepool/protocol/market/reads";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getReceipt, probeLease } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { TestAgent } from "./testing/agent.ts";
import { RATE, TestClient } from "./testing/client.ts";
import { FailingQueries, QUERY_FAULTS, type QueryFault } from "./testing/failing-queries.ts";
import { type TestMarket, testMarket, until } from "./testing/market.ts";

/** How many statements of a job's way are tried, evenly spread over it; COREPOOL_IO_FAULTS_QUERIES tries more. */
const TRIED = Number(process.env.COREPOOL_IO_FAULTS_QUERIES ?? 3);

let queries: FailingQueries;
let market: TestMarket;
let client: TestClient;
let agent: TestAgent;

beforeAll(async () => {
  queries = new FailingQueries();
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(1);
});
afterAll(async () => {
  queries.end();
  await agent.cut();
  await market.endAll();
});

const cashOf = async (account: Hex): Promise<bigint> =>
  (await accountOf(market.reader, market.domain.market, market.deployment.gpToken, account)).cash;

/** As an agent does that is told to try again. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** One job from its submission to its receipt; resolves with the receipt once it is final. */
async function wholeJob() {
  const workload = await client.submit();
  const { key } = await client.accept(workload);
  const { body: assign } = await agent.waitFor("assign", (m) => m.body.workload === workload.id);
  await persist(() => agent.run(assign));
  const nonce: Hex = `0x${"5a".repeat(32)}`;
  await call(market.api, probeLease, { params: { id: assign.lease }, body: { nonce } });
  await client.pay(assign.lease, key, RATE / 2n);
  await agent.waitFor("note", (m) => m.body.lease === assign.lease);
  await persist(() => agent.end(assign));
  const note = await client.pay(assign.lease, key, RATE, true);
  await agent.waitFor("note", (m) => m.body.lease === assign.lease && m.body.over !== null);
  await persist(() => agent.close(assign.lease, RATE, note));
  await client.state(workload.id, "succeeded");
  return until(async () => {
    const now = await call(market.api, getReceipt, { params: { id: workload.id } });
    return now.burnTx === null || !now.final ? undefined : now;
  }, 30_000);
}

/** What a whole job changes, with one statement going wrong on its way. */
async function changedBy(k: number, fault: QueryFault) {
  const before = { client: await cashOf(market.client.address), provider: await cashOf(market.provider.address) };
  queries.plan(k, fault);
  const receipt = await wholeJob();
  const { balances } = await call(market.api, getAccount, {});
  return {
    struck: queries.struck,
    total: receipt.total,
    paidByClient: before.client - (await cashOf(market.client.address)),
    paidToProvider: (await cashOf(market.provider.address)) - before.provider === BigInt(receipt.provider.paid),
    escrowed: balances[0]?.escrowed,
    booked: BigInt(balances[0]?.cash ?? 0) === (await cashOf(market.client.address)),
  };
}

const RIGHT = {
  total: String(RATE),
  paidByClient: RATE,
  paidToProvider: true,
  escrowed: "0",
  booked: true,
};

it("settles a job once, whichever statement on its way loses its connection, also after a restart", {
  timeout: 240_000,
  retry: 0,
}, async () => {
  const from = queries.made;
  queries.plan(Number.MAX_SAFE_INTEGER, "fails");
  await wholeJob();
  let made = queries.made - from;
  console.log(`statements on the way of a job: ${made}`);
  for (let i = 0; i < TRIED; i++) {
    for (const fault of QUERY_FAULTS) {
      let struck = false;
      while (!struck) {
        const k = Math.floor((i * made) / TRIED);
        const begun = queries.made;
        const changed = await changedBy(k, fault);
        expect(changed, `statement ${k} ${fault}`).toEqual({ ...RIGHT, struck: changed.struck });
        ({ struck } = changed);
        // How often a job looks depends on how fast the machine is: this one was over before its k-th statement.
        if (!struck) made = queries.made - begun;
      }
    }
  }
  const cash = await cashOf(market.client.address);
  await market.stop();
  await market.start();
  await agent.connect(market.url);
  expect((await call(market.api, getAccount, {})).balances[0]).toMatchObject({ cash: String(cash), escrowed: "0" });
});

it("finds a write that was lost without a word", { timeout: 60_000, retry: 0 }, async () => {
  queries.swallow('insert into "agent_messages"');
  await expect(wholeJob()).rejects.toThrow("waited in vain");
});
