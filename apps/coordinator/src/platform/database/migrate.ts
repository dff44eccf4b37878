import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type pg from "pg";

/** One step of the schema. Forward only: an applied one is never edited. */
export interface Migration {
  /** `NNNN_what`, applied in the order of its number. */
  readonly name: string;
  readonly sql: string;
}

const NAME = /^(\d{4})_[a-z0-9_]+$/;
/** Any number that no other advisory lock of ours uses: "core" in ASCII. */
const LOCK = 0x636f7265;

/** Reads the numbered .sql files of a folder. */
export async function migrationsIn(folder: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  return Promise.all(
    files.map(async (file) => ({ name: file.slice(0, -4), sql: await readFile(join(folder, file), "utf8") })),
  );
}

/**
 * Brings the schema up to date, one transaction per migration; of several processes that start at once one does it and
 * the others wait. Returns the names applied now. Rejects with `setup-failed` when an applied migration was changed or
 * is missing here (an older program on a newer database).
 */
export async function migrate(pool: pg.Pool, migrations: readonly Migration[]): Promise<readonly string[]> {
  const ordered = inOrder(migrations);
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [LOCK]);
    await client.query(
      "create table if not exists migrations (name text primary key, checksum text not null, applied_at timestamptz not null default now())",
    );
    const { rows } = await client.query<{ name: string; checksum: string }>("select name, checksum from migrations");
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    refuseForeign(applied, ordered);
    const fresh: string[] = [];
    for (const migration of ordered) {
      if (applied.has(migration.name)) continue;
      await apply(client, migration);
      fresh.push(migration.name);
    }
    return fresh;
  } finally {
    // The lock belongs to the session: a connection that cannot say so is closed instead of going back to the pool.
    const unlocked = await client.query("select pg_advisory_unlock($1)", [LOCK]).then(
      () => true,
      () => false,
    );
    client.release(!unlocked);
  }
}

const checksum = (migration: Migration) => createHash("sha256").update(migration.sql).digest("hex");

function inOrder(migrations: readonly Migration[]): readonly Migration[] {
  const numbers = new Map<string, string>();
  for (const { name } of migrations) {
    const number = NAME.exec(name)?.[1];
    if (number === undefined) throw new TypeError(`migration ${name} is not named NNNN_what`);
    const twin = numbers.get(number);
    if (twin !== undefined) throw new TypeError(`migrations ${twin} and ${name} have the same number`);
    numbers.set(number, name);
  }
  return [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function refuseForeign(applied: ReadonlyMap<string, string>, migrations: readonly Migration[]): void {
  const here = new Map(migrations.map((m) => [m.name, checksum(m)]));
  for (const [name, sum] of applied) {
    if (here.get(name) === sum) continue;
    throw new CorepoolError("setup-failed", {
      detail: `The database has migration ${name}, which ${here.has(name) ? "differs from" : "is not part of"} this version of Corepool.`,
      next: "Start the version of Corepool that last used this database, or a newer one; `corepool reset` drops a local market.",
      data: { migration: name },
    });
  }
}

async function apply(client: pg.PoolClient, migration: Migration): Promise<void> {
  try {
    await client.query("begin");
    await client.query(migration.sql);
    await client.query("insert into migrations (name, checksum) values ($1, $2)", [
      migration.name,
      checksum(migration),
    ]);
    await client.query("commit");
  } catch (cause) {
    await client.query("rollback");
    throw new CorepoolError("setup-failed", {
      detail: `Migration ${migration.name} could not be applied; the database is as before it.`,
      next: "Report this with the coordinator's log.",
      data: { migration: migration.name },
      cause,
    });
  }
}
