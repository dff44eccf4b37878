import { getAccount } from "@corepool/protocol/routes/accounts";
import { getSpend, listLedger } from "@corepool/protocol/routes/billing";
import { getReceipt } from "@corepool/protocol/routes/workloads";
import { call } from "@corepool/sdk/call";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { clientOf, type TestMarket, testMarket, until, walletOf } from "../testing/market.ts";

const CASH = 1_000n * 10n ** 18n;
let market: TestMarket;
let client: TestClient;
let agent: TestAgent;
/** The lease of the first workload. */
let leased = "";
beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  agent = await client.agent(2);
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

describe("the ledger of an account", () => {
  it("has every movement with its transaction, for the client and for the provider, and adds up to the balance", async () => {
    const { id, key, assign } = await client.leased(agent);
    await client.finish(agent, { id, key, assign }, RATE * 2n);
    const entries = await until(async () => {
      const { data } = await call(market.api, listLedger, { query: {} });
      return data.some(({ kind }) => kind === "refund") ? data : undefined;
    });
    const receipt = await call(market.api, getReceipt, { params: { id } });
    leased = assign.lease;
    const brief = entries.map(({ kind, cash, escrow, lease, workload, transaction }) => ({
      ...{ kind, cash: BigInt(cash), escrow: BigInt(escrow), workload },
      at: transaction === receipt.openTx ? "open" : transaction === receipt.closeTx ? "close" : lease,
    }));
    const fee = BigInt(receipt.fee);
    const [paid, refund] = [BigInt(receipt.provider.paid), BigInt(receipt.refund)];
    expect(brief).toEqual([
      { kind: "refund", cash: refund, escrow: -refund, workload: id, at: "close" },
      { kind: "fee", cash: 0n, escrow: -fee, workload: id, at: "close" },
      { kind: "payment", cash: 0n, escrow: -paid, workload: id, at: "close" },
      { kind: "escrow", cash: -60n * RATE, escrow: 60n * RATE, workload: id, at: "open" },
      { kind: "deposit", cash: CASH, escrow: 0n, workload: null, at: null },
    ]);
    const sum = entries.reduce((total, { cash }) => total + BigInt(cash), 0n);
    expect(String(sum)).toBe((await call(market.api, getAccount, {})).balances[0]?.cash);

    // The other side sees what it earned, and nothing of whose workload it was.
    const provider = clientOf(market.url, walletOf(market.provider.key));
    const theirs = await call(provider, listLedger, { query: {} });
    expect(theirs.data).toMatchObject([{ kind: "earning", cash: String(paid), lease: receipt.lease, workload: null }]);
    expect((await call(provider, listLedger, { query: { workload: id } })).data).toEqual([]);
  });

  it("comes page by page, by kind and by workload", async () => {
    const all = await call(market.api, listLedger, { query: {} });
    const ids: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await call(market.api, listLedger, {
        query: { limit: 2, ...(cursor === undefined ? {} : { cursor }) },
      });
      ids.push(...page.data.map((entry) => entry.id));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(ids).toEqual(all.data.map((entry) => entry.id));
    const deposits = await call(market.api, listLedger, { query: { kind: "deposit" } });
    expect(deposits.data.map(({ kind }) => kind)).toEqual(["deposit"]);
    const workload = all.data[0]?.workload ?? "";
    expect((await call(market.api, listLedger, { query: { workload } })).data).toHaveLength(4);
    const elsewhere = { token: market.deployment.stablecoin };
    expect((await call(market.api, listLedger, { query: elsewhere })).data).toEqual([]);
  });

  it("is that of one machine when one is asked for, also for leases that only the chain tells of", async () => {
    const provider = clientOf(market.url, walletOf(market.provider.key));
    const kinds = async (api: typeof provider, machine: `0x${string}`) =>
      (await call(api, listLedger, { query: { machine } })).data.map(({ kind }) => kind);
    const upper = `0x${agent.machine.slice(2).toUpperCase()}` as const;
    const other = `0x${"5a".repeat(32)}` as const;
    const ofClient = ["refund", "fee", "payment", "escrow"];
    expect(await kinds(market.api, agent.machine)).toEqual(ofClient);
    expect([await kinds(provider, upper), await kinds(provider, other)]).toEqual([["earning"], []]);
    const database = new pg.Client({ connectionString: market.databaseUrl });
    await database.connect();
    try {
      // As of a lease whose order never came by here: whoever had the offer opened it on chain by himself.
      await database.query("update leases set id = 'elsewhere', machine = 'elsewhere'");
      expect([await kinds(market.api, agent.machine), await kinds(provider, agent.machine)]).toEqual([
        ofClient,
        ["earning"],
      ]);
      expect(await kinds(provider, other)).toEqual([]);
    } finally {
      await database.query("update leases set id = $1, machine = $2", [leased, agent.machine]);
      await database.end();
    }
  });

  it("is summed up by day, with what runs now and where that leads", async () => {
    const leased = await client.leased(agent);
    const view = await until(async () => {
      const now = await call(market.api, getSpend, { query: { days: 3 } });
      return now.tokens[0]?.rate === "0" ? undefined : now;
    });
    expect(view.completeSince).toBeNull();
    const gp = view.tokens.find(({ token }) => token === market.deployment.gpToken.toLowerCase());
    const today = new Date().toISOString().slice(0, 10);
    expect(gp?.days).toHaveLength(3);
    const spent = gp?.days.reduce((sum, day) => sum + BigInt(day.spent), 0n);
    expect(spent).toBe(RATE * 2n);
    expect(gp?.days.at(-1)?.day).toBe(today);
    expect(gp?.rate).toBe(String(RATE));
    expect(gp?.forecast.runsOutSeconds).toBe(Number((CASH - RATE * 2n) / RATE));
    await client.finish(agent, leased, 0n);
  });

  it("forecasts by what the ledger has whole, and by what the chain says that there is", async () => {
    const database = new pg.Client({ connectionString: market.databaseUrl });
    await database.connect();
    try {
      const leased = await client.leased(agent);
      const spend = () => call(market.api, getSpend, { query: { days: 3 } });
      const whole = await until(async () => {
        const now = await spend();
        return now.tokens[0]?.rate === "0" ? undefined : now.tokens[0];
      });
      // As where the ledger began to be kept only today: its deposits are older, and it has no payments of its own.
      await database.query("begin; delete from ledger_entries; insert into ledger_start (at) values (now()); commit");
      const { completeSince, tokens } = await spend();
      expect(completeSince).not.toBeNull();
      expect(tokens[0]?.forecast.runsOutSeconds).toBe(whole?.forecast.runsOutSeconds);
      expect(tokens[0]?.forecast.averageDay).toBe("0");
      await client.finish(agent, leased, 0n);
    } finally {
      await database.end();
    }
  });
});
