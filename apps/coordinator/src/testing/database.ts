import { testDatabase } from "@corepool/postgres/testing";
import pg from "pg";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { allMigrations } from "../platform/database/all-migrations.ts";
import { type Database, openDatabase } from "../platform/database/database.ts";
import { migrate } from "../platform/database/migrate.ts";

/** URL of a database with the coordinator's whole schema, of its own for one test file. */
export async function migratedDatabase(): Promise<{ readonly url: string; readonly drop: () => Promise<void> }> {
  return testDatabase({
    name: "coordinator_template",
    async prepare(url) {
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      await migrate(pool, await allMigrations());
      await pool.end();
    },
  });
}

/** A migrated database, opened. */
export async function openTestDatabase(): Promise<{
  readonly url: string;
  readonly database: Database;
  readonly close: () => Promise<void>;
}> {
  const { url, drop } = await migratedDatabase();
  const database = openDatabase({
    url,
    maxConnections: 20,
    clock: systemClock,
    random: systemRandom,
    onIdleError: () => undefined,
  });
  return {
    url,
    database,
    async close() {
      await database.close();
      await drop();
    },
  };
}
