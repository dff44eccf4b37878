import { codeOf } from "@corepool/core/errors";
import { testDatabase } from "@corepool/postgres/testing";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { allMigrations } from "./all-migrations.ts";
import { type Migration, migrate } from "./migrate.ts";

/** Values that a check constraint or a reference asks for; everything else follows from its column's type. */
const HINTS: Readonly<Record<string, (row: number) => unknown>> = {
  "accounts.address": (row) => `0x${String(row).padStart(40, "a")}`,
  "sessions.kind": () => "agent",
  "api_keys.spend_cap": () => 10n ** 40n + 1n,
  "blob_refs.hash": (row) => `sha256:${String(row).padStart(64, "b")}`,
  "chain_transactions.state": () => "sent",
  "faucet_grants.state": () => "queued",
  "chain_progress.id": () => true,
};
/** Tables of which there is one row. */
const SINGLE = new Set(["chain_progress", "ledger_start"]);
/** What a migration meant to drop: `table`, or `table.column`, whose old values may be gone or others. */
const MEANT: ReadonlySet<string> = new Set([
  "leases.note_last",
  "blob_uploads",
  "leases.last_answer_at",
  "offers",
  "units",
]);
const ROWS = 3;

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly generated: boolean;
  /** `table.column` that this one refers to. */
  readonly refers: string | null;
}

type Queries = Pick<pg.Pool, "query">;

async function columnsOf(pool: Queries): Promise<Column[]> {
  const { rows } = await pool.query<Column>(`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, null) as type,
      a.attidentity <> '' or a.attgenerated <> '' as generated,
      (select f.confrelid::regclass::text || '.' || (select attname from pg_attribute
         where attrelid = f.confrelid and attnum = f.confkey[array_position(f.conkey, a.attnum)])
       from pg_constraint f where f.conrelid = c.oid and f.contype = 'f' and a.attnum = any (f.conkey) limit 1) as refers
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> 'migrations'
    order by c.oid, a.attnum`);
  return rows;
}

function exampleOf(column: Column, row: number): unknown {
  const hint = HINTS[`${column.table}.${column.name}`];
  if (hint !== undefined) return hint(row);
  const text = `${column.table}.${column.name} ${row}`;
  if (column.type === "text") return text;
  if (column.type === "text[]") return [text, "another"];
  if (column.type === "jsonb") return JSON.stringify({ of: text });
  if (column.type === "boolean") return row % 2 === 0;
  if (column.type === "bytea") return Buffer.alloc(32, row + 1);
  if (column.type === "numeric") return 10n ** 30n + BigInt(row);
  if (column.type === "bigint" || column.type === "integer") return row + 1;
  if (column.type === "timestamp with time zone") return new Date(1_700_000_000_000 + row * 1000);
  if (column.type === "xid8") return String(1_000 + row);
  throw new Error(`no value is known for ${column.table}.${column.name} of type ${column.type}`);
}

/** Fills every table; tables are made before those that refer to them, so the order of their making will do. */
async function fill(pool: pg.Pool): Promise<void> {
  const columns = (await columnsOf(pool)).filter(({ generated }) => !generated);
  for (const table of new Set(columns.map((column) => column.table))) {
    const own = columns.filter((column) => column.table === table);
    for (let row = 0; row < (SINGLE.has(table) ? 1 : ROWS); row++) {
      const values = own.map((column) => {
        const target = columns.find(({ table, name }) => `${table}.${name}` === column.refers);
        return exampleOf(target ?? column, row);
      });
      const names = own.map(({ name }) => `"${name}"`).join(", ");
      const places = own.map((_, i) => `$${i + 1}`).join(", ");
      await pool.query(`insert into "${table}" (${names}) values (${places})`, values);
    }
  }
}

type Rows = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;

async function everything(pool: Queries): Promise<Rows> {
  const found: Record<string, Record<string, unknown>[]> = {};
  for (const table of new Set((await columnsOf(pool)).map((column) => column.table))) {
    const { rows } = await pool.query<{ row: Record<string, unknown> }>(`
      select (select jsonb_object_agg(key, value::text) from jsonb_each(to_jsonb(t))) as row from "${table}" t`);
    found[table] = rows.map(({ row }) => row);
  }
  return found;
}

/** What is no longer as it was, one line each. */
function losses(before: Rows, after: Rows): string[] {
  return Object.entries(before).flatMap(([table, rows]) => {
    if (MEANT.has(table)) return [];
    const now = after[table];
    if (now === undefined) return [`table ${table} is gone`];
    return rows.flatMap((row, i) => {
      const kept = Object.entries(row).filter(([name]) => !MEANT.has(`${table}.${name}`));
      const same = (other: Readonly<Record<string, unknown>>) =>
        kept.every(([name, value]) => JSON.stringify(other[name]) === JSON.stringify(value));
      return now.some(same) ? [] : [`row ${i} of ${table} is not as it was`];
    });
  });
}

async function onDatabase<T>(work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const { url, drop } = await testDatabase();
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  // Dropping the database ends connections that the pool has let go of and that are not closed yet.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  try {
    return await work(pool);
  } finally {
    await pool.end();
    await drop();
  }
}

describe("migrations on a filled database", () => {
  let all: readonly Migration[];
  beforeAll(async () => {
    all = [...(await allMigrations())].sort((a, b) => (a.name < b.name ? -1 : 1));
  });

  it("keep every row of every table, from each state that ever was", { timeout: 60_000 }, async () => {
    for (let known = 1; known < all.length; known++) {
      await onDatabase(async (pool) => {
        await migrate(pool, all.slice(0, known));
        await fill(pool);
        const before = await everything(pool);
        expect(Object.values(before).every((rows) => rows.length > 0)).toBe(true);
        const applied = await migrate(pool, all);
        expect(applied).toEqual(all.slice(known).map(({ name }) => name));
        expect(losses(before, await everything(pool)), `after ${all[known - 1]?.name}`).toEqual([]);
      });
    }
  });

  it("would be caught when one loses something", async () => {
    const bad = {
      "drops a column": "alter table accounts drop column created_at",
      "drops a table": "drop table blob_refs cascade",
      "drops rows": "delete from accounts where address like '%2'",
      "changes values": "update api_keys set spent = spent + 1",
      "narrows a type": "alter table api_keys alter column spend_cap type float8",
    };
    await onDatabase(async (pool) => {
      await migrate(pool, all);
      await fill(pool);
      const before = await everything(pool);
      expect(losses(before, await everything(pool))).toEqual([]);
      const client = await pool.connect();
      try {
        for (const [what, sql] of Object.entries(bad)) {
          await client.query(`begin; ${sql}`);
          expect(losses(before, await everything(client)), what).not.toEqual([]);
          await client.query("rollback");
        }
      } finally {
        client.release(true);
      }
    });
  });

  it("refuse a database of a newer version, and a landed migration that was edited, in words", async () => {
    const newer = { name: "9000_of_a_newer_version", sql: "create table later (n int)" };
    await onDatabase(async (pool) => {
      await migrate(pool, [...all, newer]);
      const refused: unknown = await migrate(pool, all).catch((error: unknown) => error);
      expect(codeOf(refused)).toBe("setup-failed");
      expect((refused as Error).message).toBe(
        "The database has migration 9000_of_a_newer_version, which is not part of this version of Corepool.",
      );
      for (const { name } of all) {
        const edited = [...all, newer].map((m) => (m.name === name ? { ...m, sql: `${m.sql}\n-- edited` } : m));
        const error: unknown = await migrate(pool, edited).catch((e: unknown) => e);
        expect((error as Error).message).toContain(`migration ${name}, which differs from`);
      }
    });
  });
});
