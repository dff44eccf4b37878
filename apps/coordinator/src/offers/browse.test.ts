import type { Address } from "@corepool/core/hex";
import { listOffers, offerPrices } from "@corepool/protocol/routes/market";
import type { UnitSpec } from "@corepool/protocol/spec";
import { call } from "@corepool/sdk/call";
import fc from "fast-check";
import { generatePrivateKey, privateKeyToAddress } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestAgent } from "../testing/agent.ts";
import { type TestMarket, testMarket } from "../testing/market.ts";
import { offerFor, signOffers, unitSpec } from "../testing/unit.ts";

const GIB = 2 ** 30;
let market: TestMarket;
let agent: TestAgent;
/** What is offered, by unit. */
const offered: { readonly spec: UnitSpec; readonly rate: bigint; readonly token: Address }[] = [];

beforeAll(async () => {
  market = await testMarket({ COREPOOL_READS_PER_MINUTE: "1000000" });
  const key = generatePrivateKey();
  agent = new TestAgent(market.domain, key);
  await agent.connect(market.url);
  const provider = privateKeyToAddress(key);
  const { gpToken, stablecoin } = market.deployment;
  for (let unit = 1; unit <= 40; unit++) {
    const gpus = Array.from({ length: unit % 4 }, (_, i) => ({
      ...{ id: `${unit}-${i}`, model: unit % 2 === 0 ? "NVIDIA H100 80GB" : "RTX_4090", memoryBytes: 24 * GIB },
    }));
    const resources = { cpus: 1 + (unit % 7), memoryBytes: (1 + (unit % 5)) * GIB, diskBytes: (unit % 3) * GIB, gpus };
    const base = unitSpec(agent.machine, unit);
    const isolation = {
      ...base.isolation,
      limits: unit % 3 === 0 ? ("rlimit" as const) : ("cgroup-v2" as const),
      weaknesses: unit % 5 === 0 ? ["a-weakness"] : [],
    };
    const spec = unitSpec(agent.machine, unit, { resources, isolation });
    // Some have the same price: their ids decide.
    offered.push({ spec, rate: BigInt(1 + (unit % 9)) * 10n ** 18n, token: unit % 4 === 0 ? stablecoin : gpToken });
  }
  const offers = await signOffers(
    market.domain,
    key,
    offered.map(({ spec, rate, token }) => ({ spec, offer: offerFor(spec, { provider, token, rate }) })),
  );
  await agent.say({ type: "offers", body: { units: offered.map(({ spec }) => spec), offers } });
});
afterAll(async () => {
  await agent.cut();
  await market.endAll();
});

type Filter = NonNullable<Parameters<typeof call<typeof listOffers>>[2]["query"]>;

/** Every unit that a list has, page by page. */
async function listed(filter: Filter, limit: number): Promise<number[]> {
  const units: number[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = { ...filter, limit, ...(cursor === undefined ? {} : { cursor }) };
    const page = await call(market.api, listOffers, { query });
    units.push(...page.data.map(({ signed }) => signed.spec.unit));
    if (page.nextCursor === null) return units;
    cursor = page.nextCursor;
  }
}

type Offered = (typeof offered)[number];
const KEYS: Readonly<Record<string, (offer: Offered) => bigint>> = {
  rate: ({ rate }) => rate,
  cpus: ({ spec }) => BigInt(spec.resources.cpus),
  memory: ({ spec }) => BigInt(spec.resources.memoryBytes),
  gpus: ({ spec }) => BigInt(spec.resources.gpus.length),
};

const filters = fc.record(
  {
    cpus: fc.integer({ min: 1, max: 8 }),
    memoryBytes: fc.integer({ min: 0, max: 6 }).map((n) => n * GIB),
    diskBytes: fc.integer({ min: 0, max: 3 }).map((n) => n * GIB),
    gpus: fc.integer({ min: 0, max: 4 }),
    gpuModel: fc.constantFrom("h100", "RTX_4090", "rtx%4090", "_", "4090"),
    minRate: fc.integer({ min: 0, max: 10 }).map((n) => `${n}${"0".repeat(n === 0 ? 0 : 18)}`),
    maxRate: fc.integer({ min: 1, max: 10 }).map((n) => `${n}${"0".repeat(18)}`),
    limits: fc.constant("cgroup" as const),
    weaknesses: fc.constant("none" as const),
  },
  { requiredKeys: [] },
);
const sorts = fc.constantFrom("rate", "-rate", "cpus", "-cpus", "memory", "-memory", "gpus", "-gpus");

function fits({ spec, rate }: Offered, filter: Omit<Filter, "limit" | "cursor">): boolean {
  const { resources, isolation } = spec;
  const model = (filter.gpuModel as string | undefined)?.toLowerCase();
  return (
    resources.cpus >= Number(filter.cpus ?? 0) &&
    resources.memoryBytes >= Number(filter.memoryBytes ?? 0) &&
    resources.diskBytes >= Number(filter.diskBytes ?? 0) &&
    resources.gpus.length >= Number(filter.gpus ?? 0) &&
    (model === undefined || resources.gpus.some((gpu) => gpu.model.toLowerCase().includes(model))) &&
    rate >= BigInt((filter.minRate as string | undefined) ?? "0") &&
    (filter.maxRate === undefined || rate <= BigInt(filter.maxRate as string)) &&
    (filter.limits === undefined || isolation.limits.startsWith("cgroup")) &&
    (filter.weaknesses === undefined || isolation.weaknesses.length === 0)
  );
}

describe("the list of offers", () => {
  it("has what fits and nothing else, in the order asked for, whatever the pages", async () => {
    await fc.assert(
      fc.asyncProperty(filters, sorts, fc.integer({ min: 3, max: 50 }), async (filter, sort, limit) => {
        const units = await listed({ ...filter, sort: sort as "rate" }, limit);
        const expected = offered.filter((each) => fits(each, filter));
        expect([...units].sort((a, b) => a - b)).toEqual(expected.map(({ spec }) => spec.unit));
        const key = KEYS[sort.replace("-", "")] ?? (() => 0n);
        const values = units.map((unit) => key(offered[unit - 1] as Offered));
        const direction = sort.startsWith("-") ? -1n : 1n;
        for (const [i, value] of values.slice(1).entries())
          expect((value - (values[i] ?? 0n)) * direction >= 0n, `${sort} ${values.join()}`).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("takes no cursor of another filter or order", async () => {
    const first = await call(market.api, listOffers, { query: { limit: 2, sort: "-cpus" } });
    const cursor = first.nextCursor ?? "";
    for (const query of [{ cursor }, { cursor, sort: "cpus" as const }, { cursor, sort: "-cpus" as const, gpus: 1 }])
      await expect(call(market.api, listOffers, { query })).rejects.toMatchObject({ code: "bad-cursor" });
  });

  it("comes with how its prices are spread, by token", async () => {
    const { data } = await call(market.api, offerPrices, { query: { cpus: 3, buckets: 4 } });
    expect(data.map(({ token }) => token).sort()).toEqual(
      [market.deployment.gpToken, market.deployment.stablecoin].map((token) => token.toLowerCase()).sort(),
    );
    for (const { token, offers, lowest, highest, buckets } of data) {
      const rates = offered
        .filter((each) => each.token.toLowerCase() === token && each.spec.resources.cpus >= 3)
        .map(({ rate }) => rate)
        .sort((a, b) => (a < b ? -1 : 1));
      expect([offers, lowest, highest]).toEqual([rates.length, String(rates[0]), String(rates.at(-1))]);
      expect(buckets.reduce((sum, bucket) => sum + bucket.offers, 0)).toBe(rates.length);
    }
    expect((await call(market.api, offerPrices, { query: { cpus: 4_000 } })).data).toEqual([]);
  });
});
