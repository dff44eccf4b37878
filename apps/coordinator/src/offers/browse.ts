import { priceHistogram } from "@corepool/core/price-histogram";
import type { PricesView } from "@corepool/protocol/resources";
import type { RouteQuery } from "@corepool/protocol/route";
import type { listOffers, offerPrices } from "@corepool/protocol/routes/market";
import { type RawBuilder, sql } from "kysely";
import { inFleet } from "../machines/fleet.ts";
import { lower } from "../market/context.ts";
import type { Reader } from "../platform/database/database.ts";
import { busy } from "./repository.ts";

export type OfferQuery = Omit<RouteQuery<typeof offerPrices>, "buckets">;
export type OfferSort = RouteQuery<typeof listOffers>["sort"];

/** What a list of offers can be sorted by: whole numbers all. */
const KEYS: Readonly<Record<string, RawBuilder<bigint>>> = {
  rate: sql<bigint>`offers.rate`,
  cpus: sql<bigint>`units.cpus`,
  memory: sql<bigint>`units.memory_bytes`,
  gpus: sql<bigint>`units.gpus`,
  age: sql<bigint>`-floor(extract(epoch from offers.created_at) * 1000)::int8`,
};

/** Text that `like` takes as it is. */
const literal = (text: string) => text.replaceAll(/[\\%_]/g, (each) => `\\${each}`);

/** Open offers that a query asks for. */
function wanted(reader: Reader, query: OfferQuery, seconds: number) {
  let rows = reader
    .selectFrom("offers")
    .innerJoin("units", (join) =>
      join.onRef("units.provider", "=", "offers.provider").onRef("units.unit", "=", "offers.unit"),
    )
    .innerJoin("machines", "machines.id", "offers.machine")
    .where("offers.open", "=", true)
    .where("machines.draining", "=", false)
    .where("offers.not_before", "<=", BigInt(seconds))
    .where("offers.expiry", ">=", BigInt(seconds));
  const { token, provider, machine, fleet, cpus, memoryBytes, diskBytes, gpus, gpuModel, minRate, maxRate } = query;
  if (token !== undefined) rows = rows.where("offers.token", "=", lower(token));
  if (provider !== undefined) rows = rows.where("offers.provider", "=", lower(provider));
  if (machine !== undefined) rows = rows.where("offers.machine", "=", lower(machine));
  if (fleet !== undefined) rows = rows.where(inFleet(lower(fleet)));
  if (cpus !== undefined) rows = rows.where("units.cpus", ">=", BigInt(cpus));
  if (memoryBytes !== undefined) rows = rows.where("units.memory_bytes", ">=", BigInt(memoryBytes));
  if (diskBytes !== undefined) rows = rows.where("units.disk_bytes", ">=", BigInt(diskBytes));
  if (gpus !== undefined) rows = rows.where("units.gpus", ">=", BigInt(gpus));
  if (minRate !== undefined) rows = rows.where("offers.rate", ">=", BigInt(minRate));
  if (maxRate !== undefined) rows = rows.where("offers.rate", "<=", BigInt(maxRate));
  if (gpuModel !== undefined)
    rows = rows.where(
      sql<boolean>`exists (select 1 from jsonb_array_elements(units.spec #> '{resources,gpus}') gpu
        where gpu ->> 'model' ilike ${`%${literal(gpuModel)}%`})`,
    );
  if (query.limits === "cgroup") rows = rows.where(sql<boolean>`units.spec #>> '{isolation,limits}' like 'cgroup%'`);
  if (query.weaknesses === "none")
    rows = rows.where(sql<boolean>`units.spec #> '{isolation,weaknesses}' = '[]'::jsonb`);
  if (query.free === "true") rows = rows.where("machines.online", "=", true).where(sql<boolean>`not ${busy}`);
  return rows;
}

/** Ids of offers in the order asked for, after a place in it: the key of the last one and its id. */
export async function browse(
  reader: Reader,
  query: OfferQuery,
  sort: OfferSort,
  seconds: number,
  limit: number,
  after: { readonly key: bigint; readonly id: string } | undefined,
): Promise<readonly { readonly id: string; readonly key: bigint }[]> {
  const down = sort.startsWith("-");
  const key = KEYS[sort.replace("-", "")] ?? sql<bigint>`offers.rate`;
  let rows = wanted(reader, query, seconds).select(["offers.id"]).select(key.as("key"));
  if (after !== undefined) {
    const beyond = down ? sql`${key} < ${after.key}` : sql`${key} > ${after.key}`;
    rows = rows.where(sql<boolean>`(${beyond} or (${key} = ${after.key} and offers.id > ${after.id}))`);
  }
  const found = await rows
    .orderBy(key, down ? "desc" : "asc")
    .orderBy("offers.id")
    .limit(limit)
    .execute();
  return found.map((row) => ({ id: row.id, key: BigInt(row.key) }));
}

/** How the prices of the offers that a query asks for are spread, by token. */
export async function pricesOf(
  reader: Reader,
  query: OfferQuery,
  seconds: number,
  buckets: number,
): Promise<PricesView> {
  const rows = await wanted(reader, query, seconds)
    .select(["offers.token", "offers.rate"])
    .select((e) => e.fn.countAll<bigint>().as("count"))
    .groupBy(["offers.token", "offers.rate"])
    .execute();
  const tokens = [...new Set(rows.map(({ token }) => token))].sort();
  return {
    data: tokens.flatMap((token) => {
      const prices = rows
        .filter((row) => row.token === token)
        .map(({ rate, count }) => ({ rate, offers: Number(count) }));
      const found = priceHistogram(prices, buckets);
      if (found === undefined) return [];
      const { offers, lowest, median, highest } = found;
      return [
        {
          token,
          offers,
          lowest: String(lowest),
          median: String(median),
          highest: String(highest),
          buckets: found.buckets.map(({ from, to, offers: count }) => ({
            from: String(from),
            to: to === null ? null : String(to),
            offers: count,
          })),
        },
      ];
    }),
  };
}
