import type { Mandates } from "@corepool/core/ports/store";
import type { Selectable } from "kysely";
import { afterKey, dateOf, timeOf } from "../market/columns.ts";
import type { Mandate, MarketDocuments } from "../market/documents.ts";
import type { Tx } from "../platform/database/database.ts";
import type { DomainTables } from "../platform/database/domain-tables.ts";

const fromRow = (row: Selectable<DomainTables["mandates"]>): Mandate => ({
  id: row.id,
  client: row.client,
  hash: row.hash,
  mandate: row.mandate as Mandate["mandate"],
  providers: row.providers,
  signature: row.signature,
  nextNonce: Number(row.next_nonce),
  droppedAt: timeOf(row.dropped_at),
  createdAt: row.created_at.getTime(),
});

/** Mandates on PostgreSQL. */
export function mandateRepository(tx: Tx): Mandates<MarketDocuments> {
  const all = () => tx.selectFrom("mandates").selectAll();
  return {
    async get(id) {
      const row = await all().where("id", "=", id).executeTakeFirst();
      return row && fromRow(row);
    },
    async byHash(hash) {
      const row = await all().where("hash", "=", hash).executeTakeFirst();
      return row && fromRow(row);
    },
    async lock(id) {
      const row = await all().where("id", "=", id).forUpdate().executeTakeFirst();
      return row && fromRow(row);
    },
    async put(m) {
      const changing = { next_nonce: BigInt(m.nextNonce), dropped_at: dateOf(m.droppedAt) };
      await tx
        .insertInto("mandates")
        .values({
          id: m.id,
          client: m.client,
          hash: m.hash,
          mandate: JSON.stringify(m.mandate),
          providers: [...m.providers],
          signature: m.signature,
          created_at: new Date(m.createdAt),
          ...changing,
        })
        .onConflict((conflict) => conflict.column("id").doUpdateSet(changing))
        .execute();
    },
    async page(client, { limit, before }) {
      let query = all().where("client", "=", client);
      if (before !== undefined) query = query.where(afterKey("created_at", before));
      const rows = await query.orderBy("created_at", "desc").orderBy("id", "desc").limit(limit).execute();
      return rows.map(fromRow);
    },
  };
}
