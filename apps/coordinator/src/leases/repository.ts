import type { Batches, Leases } from "@corepool/core/ports/store";
import type { BatchRecord } from "@corepool/core/ports/store-leases";
import { type Selectable, sql } from "kysely";
import type { Lease, MarketDocuments } from "../market/documents.ts";
import type { Tx } from "../platform/database/database.ts";
import type { DomainTables } from "../platform/database/domain-tables.ts";

type StoredClose = {
  readonly total: string;
  readonly noteSignature: Lease["noteSignature"];
  readonly signature: Lease["orderHash"];
};

const fromRow = (row: Selectable<DomainTables["leases"]>): Lease => {
  const close = row.close as StoredClose | null;
  return {
    id: row.id,
    workload: row.workload,
    client: row.client,
    mandate: row.mandate,
    machine: row.machine,
    provider: row.provider,
    unit: Number(row.unit),
    seq: Number(row.seq),
    devices: row.devices,
    token: row.token,
    state: row.state,
    rate: row.rate,
    escrow: row.escrow,
    durationSeconds: Number(row.duration_seconds),
    graceSeconds: Number(row.grace_seconds),
    intervalSeconds: Number(row.interval_seconds),
    holdSeconds: Number(row.hold_seconds),
    key: row.key,
    publicKey: row.public_key,
    binding: row.binding,
    nonce: Number(row.nonce),
    orderHash: row.order_hash,
    opening: row.opening as Lease["opening"],
    noteTotal: row.note_total,
    noteSignature: row.note_signature,
    noteOver: row.note_over,
    close: close === null ? null : { ...close, total: BigInt(close.total) },
    batch: row.batch,
    openBatch: row.open_batch,
    tries: Number(row.tries),
    provenMs: Number(row.proven_ms),
    lastAnswer: row.last_answer as Lease["lastAnswer"],
    createdAt: row.created_at.getTime(),
  };
};

const toRow = (lease: Lease) => ({
  id: lease.id,
  workload: lease.workload,
  client: lease.client,
  mandate: lease.mandate,
  machine: lease.machine,
  provider: lease.provider,
  unit: BigInt(lease.unit),
  seq: BigInt(lease.seq),
  devices: [...lease.devices],
  token: lease.token,
  state: lease.state,
  rate: lease.rate,
  escrow: lease.escrow,
  duration_seconds: BigInt(lease.durationSeconds),
  grace_seconds: BigInt(lease.graceSeconds),
  interval_seconds: BigInt(lease.intervalSeconds),
  hold_seconds: BigInt(lease.holdSeconds),
  key: lease.key,
  public_key: lease.publicKey,
  binding: lease.binding,
  nonce: BigInt(lease.nonce),
  order_hash: lease.orderHash,
  opening: JSON.stringify(lease.opening),
  note_total: lease.noteTotal,
  note_signature: lease.noteSignature,
  note_over: lease.noteOver,
  close: lease.close === null ? null : JSON.stringify({ ...lease.close, total: String(lease.close.total) }),
  batch: lease.batch,
  open_batch: lease.openBatch,
  tries: BigInt(lease.tries),
  proven_ms: BigInt(Math.floor(lease.provenMs)),
  last_answer: lease.lastAnswer === null ? null : JSON.stringify(lease.lastAnswer),
  created_at: new Date(lease.createdAt),
});

/** Leases on PostgreSQL. */
export function leaseRepository(tx: Tx): Leases<MarketDocuments> {
  const find = (id: Lease["id"]) => tx.selectFrom("leases").selectAll().where("id", "=", id);
  return {
    async get(id) {
      const row = await find(id).executeTakeFirst();
      return row && fromRow(row);
    },
    async lock(id) {
      const row = await find(id).forUpdate().executeTakeFirst();
      return row && fromRow(row);
    },
    async byOrder(orderHash) {
      const row = await tx
        .selectFrom("leases")
        .selectAll()
        .where("order_hash", "=", orderHash)
        .orderBy("created_at")
        .limit(1)
        .executeTakeFirst();
      return row && fromRow(row);
    },
    async put(lease) {
      const { id, ...rest } = toRow(lease);
      await tx
        .insertInto("leases")
        .values({ id, ...rest })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(rest))
        .execute();
    },
    async claim(state, limit) {
      const rows = await tx
        .selectFrom("leases")
        .selectAll()
        .where("state", "=", state)
        .where("batch", "is", null)
        .$if(state === "closing", (query) => query.where("close", "is not", null))
        .orderBy("created_at")
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .execute();
      return rows.map(fromRow);
    },
    async ofBatch(intent) {
      const rows = await tx
        .selectFrom("leases")
        .selectAll()
        .where("batch", "=", intent)
        .orderBy("id")
        .forUpdate()
        .execute();
      return rows.map(fromRow);
    },
    async inFlight(token, client) {
      const row = await tx
        .selectFrom("leases")
        .select((e) => e.fn.coalesce(e.fn.sum<bigint>("escrow"), sql<bigint>`0::numeric`).as("sum"))
        .where("token", "=", token)
        .where("client", "=", client)
        .where("state", "in", ["ordered", "opening"])
        .executeTakeFirstOrThrow();
      return row.sum;
    },
    async nonces(token, client, mandate) {
      const rows = await tx
        .selectFrom("leases")
        .select("nonce")
        .where("token", "=", token)
        .where("client", "=", client)
        .where("mandate", mandate === null ? "is" : "=", mandate)
        .where("state", "in", ["ordered", "opening"])
        .execute();
      return rows.map((row) => Number(row.nonce));
    },
    async committed(mandate) {
      const row = await tx
        .selectFrom("leases")
        .select((e) => e.fn.coalesce(e.fn.sum<bigint>("escrow"), sql<bigint>`0::numeric`).as("sum"))
        .where("mandate", "=", mandate)
        .where("state", "in", ["ordered", "opening"])
        .executeTakeFirstOrThrow();
      return row.sum;
    },
    async holding(machine) {
      const rows = await tx
        .selectFrom("leases")
        .selectAll()
        .where("machine", "=", machine)
        .where("state", "in", ["ordered", "opening", "open", "closing"])
        .execute();
      return rows.map(fromRow);
    },
    async mandated() {
      const rows = await tx
        .selectFrom("leases")
        .selectAll()
        .where("mandate", "is not", null)
        .where("state", "=", "open")
        .where("note_over", "is", null)
        .orderBy("created_at")
        .execute();
      return rows.map(fromRow);
    },
    async overdue(end, now) {
      const rows = await tx
        .selectFrom("leases")
        .innerJoin("chain_facts as fact", (join) =>
          join.on("fact.kind", "=", "lease").onRef("fact.key", "=", "leases.id"),
        )
        .selectAll("leases")
        .where("leases.state", "in", ["open", "closing"])
        .where("leases.batch", "is", null)
        .where(
          sql<boolean>`((fact.value->'terms'->>'end')::int8 < ${end}
            or ((fact.value->'terms'->>'closeAt')::int8 > 0 and (fact.value->'terms'->>'closeAt')::int8 < ${now}))`,
        )
        .limit(100)
        .execute();
      return rows.map(fromRow);
    },
  };
}

/** Batches on PostgreSQL. */
export function batchRepository(tx: Tx): Batches {
  return {
    async put(batch) {
      await tx
        .insertInto("lease_batches")
        .values({
          intent: batch.intent,
          kind: batch.kind,
          address: batch.to,
          data: batch.data,
          leases: JSON.stringify(batch.leases),
          finished: batch.finished,
        })
        .onConflict((conflict) => conflict.column("intent").doUpdateSet({ finished: batch.finished }))
        .execute();
    },
    async reopen(intent) {
      await tx.updateTable("lease_batches").set({ finished: false }).where("intent", "=", intent).execute();
    },
    async unfinished() {
      const rows = await tx.selectFrom("lease_batches").selectAll().where("finished", "=", false).execute();
      return rows.map((row) => ({
        intent: row.intent,
        kind: row.kind,
        to: row.address,
        data: row.data,
        leases: row.leases as BatchRecord["leases"],
        finished: row.finished,
      }));
    },
  };
}
