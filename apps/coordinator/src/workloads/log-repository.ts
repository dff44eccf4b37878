import type { LogStore } from "@corepool/core/ports/store-messages";
import { sql } from "kysely";
import type { Tx } from "../platform/database/database.ts";
import { notifyOnCommit } from "../platform/events/notify-on-commit.ts";
import { within } from "./logs.ts";

/** The topic on which readers of an attempt's log wait. */
export const logTopic = (attempt: string): string => `log:${attempt}`;

/** Logs on PostgreSQL. */
export function logRepository(tx: Tx): LogStore {
  return {
    async end(attempt) {
      const row = await tx.selectFrom("log_ends").selectAll().where("attempt", "=", attempt).executeTakeFirst();
      return { taken: Number(row?.taken ?? 0n), kept: Number(row?.kept ?? 0n) };
    },
    async append(attempt, end, chunks) {
      const taken = BigInt(end);
      const kept = BigInt(chunks.reduce((sum, { data }) => sum + data.length, 0));
      await tx
        .insertInto("log_ends")
        .values({ attempt, taken, kept })
        .onConflict((conflict) =>
          conflict.column("attempt").doUpdateSet((row) => ({ taken, kept: row("log_ends.kept", "+", kept) })),
        )
        .execute();
      if (chunks.length > 0) {
        await tx
          .insertInto("log_chunks")
          .values(chunks.map(({ stream, offset, data }) => ({ attempt, start: BigInt(offset), stream, data })))
          .execute();
      }
      await notifyOnCommit(tx, logTopic(attempt));
    },
    async read(attempt, offset, limit) {
      const ofAttempt = tx.selectFrom("log_chunks").where("attempt", "=", attempt);
      // The chunk that holds `offset` begins at or before it; all chunks after it begin beyond. Only sizes are read first:
      // a reader holds no more than it asked for.
      const sizes = await ofAttempt
        .select(["start", sql<number>`octet_length(data)`.as("size")])
        .where("start", ">=", (chunk) =>
          chunk.fn.coalesce(
            ofAttempt.select((e) => e.fn.max("start").as("start")).where("start", "<=", BigInt(offset)),
            sql<bigint>`0`,
          ),
        )
        .orderBy("start")
        .limit(limit.chunks + 1)
        .execute();
      const wanted = within(
        sizes.filter(({ start, size }) => Number(start) + size > offset),
        limit,
        ({ size }) => size,
      );
      const [first, last] = [wanted[0], wanted.at(-1)];
      if (first === undefined || last === undefined) return [];
      const rows = await ofAttempt
        .selectAll()
        .where("start", ">=", first.start)
        .where("start", "<=", last.start)
        .orderBy("start")
        .execute();
      return rows.map((row) => ({
        attempt,
        stream: row.stream,
        offset: Number(row.start),
        data: new Uint8Array(row.data),
      }));
    },
  };
}
