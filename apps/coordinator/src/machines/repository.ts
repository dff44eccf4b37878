import type { Hex } from "@corepool/core/hex";
import type { MachineRecord, Machines, Units } from "@corepool/core/ports/store";
import type { Selectable } from "kysely";
import { dateOf, timeOf } from "../market/columns.ts";
import type { MarketDocuments, Unit } from "../market/documents.ts";
import type { Tx } from "../platform/database/database.ts";
import type { DomainTables } from "../platform/database/domain-tables.ts";

/** A machine as its row has it. */
export const machineFromRow = (row: Selectable<DomainTables["machines"]>): MachineRecord => ({
  id: row.id,
  provider: row.provider,
  publicKey: row.public_key,
  agentVersion: row.agent_version,
  epoch: Number(row.epoch),
  online: row.online,
  lastSeenAt: timeOf(row.last_seen_at),
  registeredAt: row.registered_at.getTime(),
});

/** Machines on PostgreSQL. */
export function machineRepository(tx: Tx): Machines {
  const find = (id: Hex) => tx.selectFrom("machines").selectAll().where("id", "=", id);
  return {
    async get(id) {
      const row = await find(id).executeTakeFirst();
      return row && machineFromRow(row);
    },
    async lock(id) {
      const row = await find(id).forUpdate().executeTakeFirst();
      return row && machineFromRow(row);
    },
    async put(record) {
      const { id, ...rest } = {
        id: record.id,
        provider: record.provider,
        public_key: record.publicKey,
        agent_version: record.agentVersion,
        epoch: BigInt(record.epoch),
        online: record.online,
        last_seen_at: dateOf(record.lastSeenAt),
        registered_at: new Date(record.registeredAt),
      };
      await tx
        .insertInto("machines")
        .values({ id, ...rest })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(rest))
        .execute();
    },
    async seen(id, epoch, at) {
      const updated = await tx
        .updateTable("machines")
        .set({ last_seen_at: new Date(at), online: true })
        .where("id", "=", id)
        .where("epoch", "=", BigInt(epoch))
        .executeTakeFirst();
      return updated.numUpdatedRows > 0n;
    },
    async left(id, epoch) {
      await tx
        .updateTable("machines")
        .set({ online: false })
        .where("id", "=", id)
        .where("epoch", "=", BigInt(epoch))
        .execute();
    },
    async expire(at) {
      const rows = await tx
        .updateTable("machines")
        .set({ online: false })
        .where("online", "=", true)
        .where("last_seen_at", "<", new Date(at))
        .returning("id")
        .execute();
      return rows.map((row) => row.id);
    },
  };
}

const unitFromRow = (row: Selectable<DomainTables["units"]>): Unit => ({
  provider: row.provider,
  unit: Number(row.unit),
  machine: row.machine,
  spec: row.spec as Unit["spec"],
  specHash: row.spec_hash,
  devices: row.devices,
});

/** Units on PostgreSQL. */
export function unitRepository(tx: Tx): Units<MarketDocuments> {
  return {
    async ofMachines(machines) {
      if (machines.length === 0) return [];
      const rows = await tx.selectFrom("units").selectAll().where("machine", "in", machines).orderBy("unit").execute();
      return rows.map(unitFromRow);
    },
    async elsewhere(provider, machine, units) {
      if (units.length === 0) return [];
      const rows = await tx
        .selectFrom("units")
        .select("unit")
        .where("provider", "=", provider)
        .where("machine", "<>", machine)
        .where("unit", "in", units.map(BigInt))
        .execute();
      return rows.map((row) => Number(row.unit));
    },
    async replace(machine, units) {
      await tx.deleteFrom("units").where("machine", "=", machine).execute();
      if (units.length === 0) return;
      await tx
        .insertInto("units")
        .values(
          units.map(({ provider, unit, spec, specHash, devices }) => ({
            provider,
            unit: BigInt(unit),
            machine,
            spec: JSON.stringify(spec),
            spec_hash: specHash,
            devices: [...devices],
            cpus: BigInt(spec.resources.cpus),
            memory_bytes: BigInt(spec.resources.memoryBytes),
            disk_bytes: BigInt(spec.resources.diskBytes),
            gpus: BigInt(spec.resources.gpus.length),
          })),
        )
        .execute();
    },
  };
}
