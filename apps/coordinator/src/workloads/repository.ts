import type { Attempts, Workloads } from "@corepool/core/ports/store";
import { type Selectable, sql } from "kysely";
import { afterKey, dateOf, timeOf } from "../market/columns.ts";
import type { Attempt, MarketDocuments, PlacedOffer, Workload } from "../market/documents.ts";
import type { Tx } from "../platform/database/database.ts";
import type { DomainTables } from "../platform/database/domain-tables.ts";

type StoredPlaced = Omit<PlacedOffer, "escrow"> & { readonly escrow: string };

const fromRow = (row: Selectable<DomainTables["workloads"]>): Workload => {
  const placed = row.placed as StoredPlaced | null;
  return {
    id: row.id,
    account: row.account,
    state: row.state,
    reason: row.reason,
    detail: row.detail,
    spec: row.spec as Workload["spec"],
    constraints: row.constraints as Workload["constraints"],
    mandate: row.mandate,
    placed: placed === null ? null : { ...placed, escrow: BigInt(placed.escrow) },
    placedAt: timeOf(row.placed_at),
    lease: row.lease,
    outputs: row.outputs as Workload["outputs"],
    cancelRequested: row.cancel_requested,
    createdAt: row.created_at.getTime(),
    endedAt: timeOf(row.ended_at),
  };
};

/** Workloads on PostgreSQL. */
export function workloadRepository(tx: Tx): Workloads<MarketDocuments> {
  const find = (id: string) => tx.selectFrom("workloads").selectAll().where("id", "=", id);
  return {
    async get(id) {
      const row = await find(id).executeTakeFirst();
      return row && fromRow(row);
    },
    async lock(id) {
      const row = await find(id).forUpdate().executeTakeFirst();
      return row && fromRow(row);
    },
    async put(w) {
      const changing = {
        state: w.state,
        reason: w.reason,
        detail: w.detail,
        placed: w.placed === null ? null : JSON.stringify({ ...w.placed, escrow: String(w.placed.escrow) }),
        placed_at: dateOf(w.placedAt),
        lease: w.lease,
        outputs: JSON.stringify(w.outputs),
        cancel_requested: w.cancelRequested,
        ended_at: dateOf(w.endedAt),
      };
      await tx
        .insertInto("workloads")
        .values({
          id: w.id,
          account: w.account,
          spec: JSON.stringify(w.spec),
          constraints: JSON.stringify(w.constraints),
          mandate: w.mandate,
          created_at: new Date(w.createdAt),
          ...changing,
        })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(changing))
        .execute();
    },
    async page(account, state, { limit, before }) {
      let query = tx.selectFrom("workloads").selectAll().where("account", "=", account);
      if (state !== undefined) query = query.where("state", "=", state as Workload["state"]);
      if (before !== undefined) query = query.where(afterKey("created_at", before));
      const rows = await query.orderBy("created_at", "desc").orderBy("id", "desc").limit(limit).execute();
      return rows.map(fromRow);
    },
    async toOrder(limit) {
      const rows = await tx
        .selectFrom("workloads")
        .select("id")
        .where("state", "=", "pending")
        .where("mandate", "is not", null)
        .orderBy("created_at")
        .limit(limit)
        .execute();
      return rows.map((row) => row.id);
    },
    async abandoned(before, limit) {
      const rows = await tx
        .selectFrom("workloads")
        .select("id")
        .where("state", "=", "pending")
        .where("placed_at", "<", new Date(before))
        .limit(limit)
        .execute();
      return rows.map((row) => row.id);
    },
    async hasOutput(account, hash) {
      const row = await tx
        .selectFrom("workloads")
        .select("id")
        .where("account", "=", account)
        .where("outputs", "@>", sql<string>`${JSON.stringify([{ hash }])}::jsonb`)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
    async isInputOn(machine, hash) {
      const row = await tx
        .selectFrom("attempts")
        .innerJoin("workloads", "workloads.id", "attempts.workload")
        .select("attempts.id")
        .where("attempts.machine", "=", machine)
        .where("attempts.state", "<>", "ended")
        .where(sql<boolean>`workloads.spec->'inputs' @> ${JSON.stringify([{ hash }])}::jsonb`)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}

const attemptFromRow = (row: Selectable<DomainTables["attempts"]>): Attempt => ({
  id: row.id,
  workload: row.workload,
  number: Number(row.number),
  lease: row.lease,
  machine: row.machine,
  provider: row.provider,
  state: row.state,
  spec: row.spec as Attempt["spec"],
  timeline: row.timeline as Attempt["timeline"],
  exitCode: row.exit_code === null ? null : Number(row.exit_code),
  reason: row.reason,
  detail: row.detail,
  usage: row.usage as Attempt["usage"],
  usageSignature: row.usage_signature,
  createdAt: row.created_at.getTime(),
});

/** Attempts on PostgreSQL. */
export function attemptRepository(tx: Tx): Attempts<MarketDocuments> {
  const find = (id: string) => tx.selectFrom("attempts").selectAll().where("id", "=", id);
  return {
    async get(id) {
      const row = await find(id).executeTakeFirst();
      return row && attemptFromRow(row);
    },
    async lock(id) {
      const row = await find(id).forUpdate().executeTakeFirst();
      return row && attemptFromRow(row);
    },
    async put(a) {
      const changing = {
        state: a.state,
        timeline: JSON.stringify(a.timeline),
        exit_code: a.exitCode === null ? null : BigInt(a.exitCode),
        reason: a.reason,
        detail: a.detail,
        usage: a.usage === null ? null : JSON.stringify(a.usage),
        usage_signature: a.usageSignature,
      };
      await tx
        .insertInto("attempts")
        .values({
          id: a.id,
          workload: a.workload,
          number: BigInt(a.number),
          lease: a.lease,
          machine: a.machine,
          provider: a.provider,
          spec: JSON.stringify(a.spec),
          created_at: new Date(a.createdAt),
          ...changing,
        })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(changing))
        .execute();
    },
    async ofWorkload(workload) {
      const rows = await tx
        .selectFrom("attempts")
        .selectAll()
        .where("workload", "=", workload)
        .orderBy("number")
        .execute();
      return rows.map(attemptFromRow);
    },
    async live(machine) {
      const rows = await tx
        .selectFrom("attempts")
        .selectAll()
        .where("machine", "=", machine)
        .where("state", "<>", "ended")
        .orderBy("created_at")
        .execute();
      return rows.map(attemptFromRow);
    },
  };
}
