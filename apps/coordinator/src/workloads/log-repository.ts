import type { LogStore } from "@corepool/core/ports/store-messages";
import type { Tx } from "../platform/database/database.ts";
import { notifyOnCommit } from "../platform/events/notify-on-commit.ts";

/** The topic on which readers of an attempt's log wait. */
export const logTopic = (attempt: string): string => `log:${attempt}`;

/** Logs on PostgreSQL. */
export function logRepository(tx: Tx): LogStore {
  return {
    async end(attempt) {
      const row = await tx.selectFrom("log_ends").selectAll().where("attempt", "=", attempt).executeTakeFirst();
      return { taken: Number(row?.taken ?? 0n), kept: Number(row?.kept ?? 0n) };
    },
    async append({ attempt, stream, offset, data }, kept) {
      const taken = BigInt(offset + data.length);
      const bytes = kept ? BigInt(data.length) : 0n;
      await tx
        .insertInto("log_ends")
        .values({ attempt, taken, kept: bytes })
        .onConflict((conflict) =>
          conflict.column("attempt").doUpdateSet((row) => ({ taken, kept: row("log_ends.kept", "+", bytes) })),
        )
        .execute();
      if (kept) {
        await tx
          .insertInto("log_chunks")
          .values({ attempt, start: BigInt(offset), stream, data })
          .execute();
      }
      await notifyOnCommit(tx, logTopic(attempt));
    },
    async read(attempt, offset, limit) {
      // The chunk that holds `offset` begins at or before it; all chunks after it begin beyond.
      const first = await tx
        .selectFrom("log_chunks")
        .select("start")
        .where("attempt", "=", attempt)
        .where("start", "<=", BigInt(offset))
        .orderBy("start", "desc")
        .limit(1)
        .executeTakeFirst();
      const rows = await tx
        .selectFrom("log_chunks")
        .selectAll()
        .where("attempt", "=", attempt)
        .where("start", ">=", first?.start ?? 0n)
        .orderBy("start")
        .limit(limit + 1)
        .execute();
      return rows
        .map((row) => ({ attempt, stream: row.stream, offset: Number(row.start), data: new Uint8Array(row.data) }))
        .filter((chunk) => chunk.offset + chunk.data.length > offset)
        .slice(0, limit);
    },
  };
}
