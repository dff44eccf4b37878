import { testDatabase } from "@corepool/postgres/testing";
import pg from "pg";
import { CHAIN_MIGRATION } from "../migration.ts";
import type { SqlDatabase, SqlQuery } from "../sql.ts";

export interface TempDatabase extends SqlDatabase {
  end(): Promise<void>;
}

/** A fresh PostgreSQL database with this package's tables. `extra`: statements of the test's own. */
export async function tempDatabase(extra = ""): Promise<TempDatabase> {
  const { url, drop } = await testDatabase();
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  await pool.query(CHAIN_MIGRATION);
  if (extra !== "") await pool.query(extra);
  const over = (client: Pick<pg.Pool, "query">): SqlQuery => ({
    query: async (text, parameters) => ({ rows: (await client.query(text, [...parameters])).rows as Readonly<Record<string, unknown>>[] }),
  });
  return {
    ...over(pool),
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query("begin");
        const result = await work(over(client));
        await client.query("commit");
        return result;
      } catch (error) {
        await client.query("rollback");
        throw error;
      } finally {
        client.release();
      }
    },
    async end() {
      await pool.end();
      await drop();
    },
  };
}
