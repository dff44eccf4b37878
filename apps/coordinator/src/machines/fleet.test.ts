import type { Address } from "@corepool/core/hex";
import { listOwnMachines } from "@corepool/protocol/routes/machines";
import { listMachines, listOffers, offerPrices } from "@corepool/protocol/routes/market";
import { call } from "@corepool/sdk/call";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lower } from "../market/context.ts";
import { columnParsers } from "../platform/database/column-parsers.ts";
import type { Tables } from "../platform/database/tables.ts";
import { TestAgent } from "../testing/agent.ts";
import { RATE, TestClient } from "../testing/client.ts";
import { clientOf, type TestMarket, testMarket, walletOf } from "../testing/market.ts";
import { offerFor, signOffers, unitSpec } from "../testing/unit.ts";
import { ownMachines, ownMachineViews } from "./own.ts";

const PAYEE: Address = "0xAbCdEf0123456789aBCDef0123456789AbCdeF01".toLowerCase() as Address;
let market: TestMarket;
let client: TestClient;
/** The provider's two machines, and one of another provider that pays PAYEE. */
let [first, second, foreign]: [TestAgent, TestAgent, TestAgent] = [] as never;
let stranger: Address;

beforeAll(async () => {
  market = await testMarket();
  client = new TestClient(market);
  first = await client.agent(2);
  const { domain, url, deployment, provider } = market;
  const offered = async (agent: TestAgent, unit: number, by: Address, payTo: Address) => {
    await agent.connect(url);
    const spec = unitSpec(agent.machine, unit);
    const wish = { provider: by, token: deployment.gpToken, rate: RATE * 9n, changes: { payTo } };
    const offers = await signOffers(domain, agent.key, [{ spec, offer: offerFor(spec, wish) }]);
    await agent.say({ type: "offers", body: { units: [spec], offers } });
  };
  second = new TestAgent(domain, provider.key);
  await offered(second, 7, provider.address, provider.address);
  const key = generatePrivateKey();
  stranger = privateKeyToAddress(key);
  foreign = new TestAgent(domain, key);
  await offered(foreign, 1, stranger, PAYEE);
});
afterAll(async () => {
  await Promise.all([first, second, foreign].map((agent) => agent.cut()));
  await market.endAll();
});

const sorted = (ids: readonly string[]) => [...ids].sort();
const machinesOf = async (fleet: Address) =>
  sorted((await call(market.api, listMachines, { query: { fleet } })).data.map(({ id }) => id));
const offersOf = async (query: { readonly fleet?: Address; readonly machine?: `0x${string}` }) =>
  sorted((await call(market.api, listOffers, { query })).data.map(({ machine }) => machine));

describe("an account's fleet", () => {
  it("is the machines that it provides, and those whose open offers pay it, with their offers", async () => {
    const own = sorted([first.machine, second.machine]);
    const { address } = market.provider;
    expect([await machinesOf(address), await machinesOf(lower(address))]).toEqual([own, own]);
    expect(await offersOf({ fleet: address })).toEqual(sorted([first.machine, first.machine, second.machine]));
    for (const fleet of [stranger, PAYEE])
      expect([await machinesOf(fleet), await offersOf({ fleet })]).toEqual([[foreign.machine], [foreign.machine]]);
    expect([await machinesOf(market.client.address), await offersOf({ fleet: market.client.address })]).toEqual([
      [],
      [],
    ]);
    expect((await call(market.api, listMachines, { query: {} })).data).toHaveLength(3);
    const { data } = await call(market.api, offerPrices, { query: { fleet: PAYEE } });
    expect(data).toMatchObject([{ offers: 1, lowest: String(RATE * 9n) }]);
  });

  it("comes page by page, and takes no cursor of another account's", async () => {
    const query = { fleet: market.provider.address, limit: 1 };
    const one = await call(market.api, listMachines, { query });
    const cursor = one.nextCursor ?? "";
    const two = await call(market.api, listMachines, { query: { ...query, cursor } });
    expect(sorted([...one.data, ...two.data].map(({ id }) => id))).toEqual(sorted([first.machine, second.machine]));
    expect(two.nextCursor).toBeNull();
    for (const other of [{ cursor }, { cursor, fleet: PAYEE }])
      await expect(call(market.api, listMachines, { query: other })).rejects.toMatchObject({ code: "bad-cursor" });
  });

  it("refuses what is no account and no machine", async () => {
    for (const query of ["fleet=0x12", `fleet=${first.machine}`, "machine=1", `machine=${stranger}`])
      expect([query, (await fetch(`${market.url}${listOffers.path}?${query}`)).status]).toEqual([query, 400]);
    expect((await fetch(`${market.url}${listMachines.path}?fleet=all`)).status).toBe(400);
  });

  it("is asked for one machine's offers by that machine", async () => {
    expect(await offersOf({ machine: second.machine })).toEqual([second.machine]);
    const upper = `0x${foreign.machine.slice(2).toUpperCase()}` as const;
    expect(await offersOf({ machine: upper })).toEqual([foreign.machine]);
    expect(await offersOf({ machine: second.machine, fleet: PAYEE })).toEqual([]);
  });
});

describe("a provider's own machines", () => {
  it("are read by as many statements as one, each with what is its own", { timeout: 60_000 }, async () => {
    const leases = [];
    for (let n = 0; n < 2; n++) leases.push((await client.leased(first)).assign.lease);
    const provider = clientOf(market.url, walletOf(market.provider.key));
    const { data } = await call(provider, listOwnMachines, { query: {} });
    const shown = new Map(data.map((machine) => [machine.id, machine]));
    // The newest comes first.
    expect(shown.get(first.machine)?.leases.map(({ id }) => id)).toEqual(leases.reverse());
    expect(shown.get(first.machine)?.units.map(({ unit }) => unit)).toEqual([1, 2]);
    expect(shown.get(second.machine)).toMatchObject({ leases: [], units: [{ unit: 7 }], offers: [{ unit: 7 }] });

    const pool = new pg.Pool({ connectionString: market.databaseUrl, types: columnParsers });
    let statements = 0;
    const reader = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool }),
      log: () => {
        statements++;
      },
    });
    const rows = await ownMachines(reader, lower(market.provider.address), 10, undefined);
    const counts = [];
    for (const few of [rows.slice(0, 1), rows, []]) {
      statements = 0;
      expect(await ownMachineViews(reader, few, Date.now())).toHaveLength(few.length);
      counts.push(statements);
    }
    await reader.destroy();
    expect([rows.length, counts]).toEqual([2, [4, 4, 0]]);
  });
});
