import type { Offers } from "@corepool/core/ports/store";
import { sql } from "kysely";
import type { MarketDocuments, OfferWithState } from "../market/documents.ts";
import type { Tx } from "../platform/database/database.ts";

/** A lease that the coordinator has not seen end. */
const HOLDING = sql`('ordered', 'opening', 'open', 'closing')`;

/**
 * Whether a unit, or one that shares a device with it, is taken: by a lease that we run, or by one that the chain has
 * and we do not know.
 */
export const busy = sql<boolean>`(
  exists (select 1 from leases l where l.machine = units.machine and l.devices && units.devices and l.state in ${HOLDING})
  or exists (
    select 1 from units other
    join chain_facts fact on fact.kind = 'unit' and fact.key = other.provider || ':' || other.unit
    where other.machine = units.machine and other.devices && units.devices and fact.value->>'lease' is not null
  )
)`;

/** Open offers with the unit's state; none of a machine that runs dry. */
const statesOn = (tx: Tx) =>
  tx
    .selectFrom("offers")
    .innerJoin("units", (join) =>
      join.onRef("units.provider", "=", "offers.provider").onRef("units.unit", "=", "offers.unit"),
    )
    .innerJoin("machines", "machines.id", "offers.machine")
    .selectAll("offers")
    .select(["units.spec", "units.devices", "machines.online"])
    .select(busy.as("busy"))
    .where("offers.open", "=", true)
    .where("machines.draining", "=", false);
type Row = Awaited<ReturnType<ReturnType<typeof statesOn>["execute"]>>[number];

const fromRow = (row: Row): OfferWithState => ({
  id: row.id,
  hash: row.hash,
  machine: row.machine,
  provider: row.provider,
  unit: Number(row.unit),
  token: row.token,
  rate: row.rate,
  minSeconds: Number(row.min_seconds),
  maxSeconds: Number(row.max_seconds),
  notBefore: Number(row.not_before),
  expiry: Number(row.expiry),
  client: row.client,
  signed: row.signed as OfferWithState["signed"],
  createdAt: row.created_at.getTime(),
  spec: row.spec as OfferWithState["spec"],
  devices: row.devices,
  online: row.online,
  busy: row.busy,
});

/** The open ones among these offers, in their order. */
export async function offersNamed(tx: Tx, ids: readonly string[]): Promise<readonly OfferWithState[]> {
  if (ids.length === 0) return [];
  const rows = await statesOn(tx).where("offers.id", "in", ids).execute();
  const found = new Map(rows.map((row) => [row.id, fromRow(row)]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** Offers on PostgreSQL. */
export function offerRepository(tx: Tx): Offers<MarketDocuments> {
  const states = () => statesOn(tx);
  return {
    async get(id) {
      const row = await states().where("offers.id", "=", id).executeTakeFirst();
      return row && fromRow(row);
    },
    async replace(machine, offers) {
      await tx
        .updateTable("offers")
        .set({ open: false })
        .where("machine", "=", machine)
        .where("open", "=", true)
        .execute();
      if (offers.length === 0) return;
      await tx
        .insertInto("offers")
        .values(
          offers.map((offer) => ({
            id: offer.id,
            hash: offer.hash,
            machine: offer.machine,
            provider: offer.provider,
            unit: BigInt(offer.unit),
            token: offer.token,
            rate: offer.rate,
            min_seconds: BigInt(offer.minSeconds),
            max_seconds: BigInt(offer.maxSeconds),
            not_before: BigInt(offer.notBefore),
            expiry: BigInt(offer.expiry),
            client: offer.client,
            signed: JSON.stringify(offer.signed),
            open: true,
            created_at: new Date(offer.createdAt),
          })),
        )
        .onConflict((conflict) =>
          conflict.column("hash").doUpdateSet((row) => ({
            open: true,
            signed: row.ref("excluded.signed"),
            machine: row.ref("excluded.machine"),
          })),
        )
        .execute();
    },
    async matching(filter, limit, after) {
      let query = states();
      if (filter.token !== undefined) query = query.where("offers.token", "=", filter.token);
      if (filter.provider !== undefined) query = query.where("offers.provider", "=", filter.provider);
      if (filter.cpus !== undefined) query = query.where("units.cpus", ">=", BigInt(filter.cpus));
      if (filter.memoryBytes !== undefined) query = query.where("units.memory_bytes", ">=", BigInt(filter.memoryBytes));
      if (filter.diskBytes !== undefined) query = query.where("units.disk_bytes", ">=", BigInt(filter.diskBytes));
      if (filter.gpus !== undefined) query = query.where("units.gpus", ">=", BigInt(filter.gpus));
      if (filter.maxRate !== undefined) query = query.where("offers.rate", "<=", filter.maxRate);
      if (filter.durationSeconds !== undefined) {
        const duration = BigInt(filter.durationSeconds);
        query = query.where("offers.min_seconds", "<=", duration).where("offers.max_seconds", ">=", duration);
      }
      if (filter.at !== undefined) {
        const at = BigInt(filter.at);
        query = query.where("offers.not_before", "<=", at).where("offers.expiry", ">=", at);
      }
      if (filter.free === true) query = query.where("machines.online", "=", true).where(sql<boolean>`not ${busy}`);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(offers.rate, offers.id) > (${after.rate}, ${after.id})`);
      }
      const rows = await query.orderBy("offers.rate").orderBy("offers.id").limit(limit).execute();
      return rows.map(fromRow);
    },
    async reserved(since) {
      const rows = await tx
        .selectFrom("workloads")
        .select(sql<string>`placed->>'offerId'`.as("offer"))
        .where("state", "=", "pending")
        .where("placed_at", ">", new Date(since))
        .execute();
      return new Set(rows.map((row) => row.offer));
    },
  };
}
