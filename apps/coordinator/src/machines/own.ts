import type { Address, Hex } from "@corepool/core/hex";
import type { OwnMachine } from "@corepool/protocol/resources";
import { type Selectable, sql } from "kysely";
import { timestampOf } from "../market/context.ts";
import type { Reader } from "../platform/database/database.ts";
import type { DomainTables } from "../platform/database/domain-tables.ts";

type Row = Selectable<DomainTables["machines"]>;

/** Leases of one machine that are shown, newest first. */
const MOST_LEASES = 50;
const EARNING_MS = 30 * 86_400_000;

/** Machines of a provider, newest first, after a place in that order. */
export async function ownMachines(
  reader: Reader,
  provider: Address,
  limit: number,
  before: { readonly at: number; readonly id: string } | undefined,
): Promise<Row[]> {
  let query = reader.selectFrom("machines").selectAll().where("provider", "=", provider);
  if (before !== undefined)
    query = query.where(sql<boolean>`(registered_at, id) < (${new Date(before.at)}, ${before.id})`);
  return query.orderBy("registered_at", "desc").orderBy("id", "desc").limit(limit).execute();
}

/** A machine of a provider; undefined for anybody else's. */
export function ownMachine(reader: Reader, provider: Address, id: Hex): Promise<Row | undefined> {
  return reader
    .selectFrom("machines")
    .selectAll()
    .where("id", "=", id)
    .where("provider", "=", provider)
    .executeTakeFirst();
}

/** Everything that a provider is shown about machines of his, in their order: as many statements for many as for one. */
export async function ownMachineViews(reader: Reader, machines: readonly Row[], now: number): Promise<OwnMachine[]> {
  if (machines.length === 0) return [];
  const ids = machines.map(({ id }) => id);
  const day = sql<Date>`date_trunc('day', entry.at, 'UTC')`;
  const [units, offers, leases, earnings] = await Promise.all([
    reader.selectFrom("units").select(["machine", "spec"]).where("machine", "in", ids).orderBy("unit").execute(),
    reader
      .selectFrom("offers")
      .select(["machine", "id", "unit", "token", "rate", "expiry"])
      .where("machine", "in", ids)
      .where("open", "=", true)
      .orderBy("unit")
      .orderBy("id")
      .execute(),
    // One look into the index for each machine: it ends after the newest, however many there were.
    reader
      .selectFrom("machines")
      .innerJoinLateral(
        (e) =>
          e
            .selectFrom("leases")
            .select(["machine", "id", "unit", "state", "token", "rate", "note_total", "created_at"])
            .whereRef("leases.machine", "=", "machines.id")
            .orderBy("created_at", "desc")
            .limit(MOST_LEASES)
            .as("lease"),
        (join) => join.onTrue(),
      )
      .selectAll("lease")
      .where("machines.id", "in", ids)
      .orderBy("lease.created_at", "desc")
      .execute(),
    reader
      .selectFrom("leases")
      .innerJoin("ledger_entries as entry", "entry.lease", "leases.id")
      .select(["leases.machine", "entry.token"])
      .select(day.as("day"))
      .select((e) => e.fn.sum<bigint>("entry.cash").as("earned"))
      .where("leases.machine", "in", ids)
      .where("entry.kind", "=", "earning")
      .where("entry.at", ">=", new Date(now - EARNING_MS))
      .groupBy(["leases.machine", "entry.token", day])
      .orderBy(day, "desc")
      .orderBy("entry.token")
      .execute(),
  ]);
  const unitsOf = byMachine(units);
  const offersOf = byMachine(offers);
  const leasesOf = byMachine(leases);
  const earningsOf = byMachine(earnings);
  return machines.map((machine) => ({
    id: machine.id,
    provider: machine.provider,
    online: machine.online,
    lastSeenAt: machine.last_seen_at === null ? null : timestampOf(machine.last_seen_at.getTime()),
    registeredAt: timestampOf(machine.registered_at.getTime()),
    agentVersion: machine.agent_version,
    draining: machine.draining,
    units: unitsOf(machine).map(({ spec }) => spec as OwnMachine["units"][number]),
    offers: offersOf(machine).map(({ id, unit, token, rate, expiry }) => ({
      ...{ id, unit: Number(unit), token, rate: String(rate) },
      expiry: timestampOf(Math.min(Number(expiry) * 1000, END_OF_TIME)),
    })),
    leases: leasesOf(machine).map((lease) => ({
      ...{ id: lease.id, unit: Number(lease.unit), state: lease.state, token: lease.token },
      ...{ rate: String(lease.rate), noteTotal: String(lease.note_total) },
      createdAt: timestampOf(lease.created_at.getTime()),
    })),
    earnings: earningsOf(machine).map(({ day: at, token, earned }) => ({
      ...{ day: timestampOf(at.getTime()).slice(0, 10), token, earned: String(earned) },
    })),
  }));
}

/** Rows by their machine, in the order in which they came. */
function byMachine<T extends { readonly machine: Hex }>(rows: readonly T[]): (machine: Row) => readonly T[] {
  const groups = Map.groupBy(rows, (row) => row.machine);
  return ({ id }) => groups.get(id) ?? [];
}

/** The last moment that RFC 3339 can write, milliseconds. */
const END_OF_TIME = 253_402_300_799_999;
