import type { RawLog } from "@corepool/core/ports/chain";
import type { Handlers } from "../follower/follower.ts";
import { MemoryFollowerStore, type MemoryTables } from "../follower/memory-store.ts";
import { postgresFollowerStore } from "../follower/postgres-store.ts";
import type { FollowerStore } from "../follower/store.ts";
import type { SqlQuery } from "../sql.ts";
import { tempDatabase } from "./temp-database.ts";

/** A row of the test's own table. `amount` is wider than any floating-point number. */
export interface Row {
  readonly amount?: bigint | null;
  readonly text?: string | null;
}

export interface Rows {
  get(key: string): Promise<Row | undefined>;
  put(key: string, row: Row): Promise<void>;
  delete(key: string): Promise<void>;
}

/** A store under test, with a table that its handlers write. */
export interface Harness<T> {
  readonly store: FollowerStore<T>;
  readonly rows: (tx: T) => Rows;
  /** Writes as the rest of a program does, outside of any block. */
  readonly outside: (work: (rows: Rows) => Promise<void>) => Promise<void>;
  readonly all: () => Promise<Readonly<Record<string, Row>>>;
  readonly end: () => Promise<void>;
}

export async function memoryHarness(origin: bigint): Promise<Harness<MemoryTables>> {
  const store = new MemoryFollowerStore(origin);
  const rows = (tx: MemoryTables): Rows => ({
    get: async (key) => tx.get("rows", key) as Row | undefined,
    put: async (key, row) => tx.put("rows", key, { ...row }),
    delete: async (key) => tx.delete("rows", key),
  });
  const clean = (row: Row): Row => ({ amount: row.amount ?? null, text: row.text ?? null });
  return {
    store,
    rows,
    outside: (work) => store.outside((tables) => work(rows(tables))),
    all: async () => Object.fromEntries([...store.table("rows")].map(([key, row]) => [key, clean(row as Row)])),
    end: async () => undefined,
  };
}

export async function postgresHarness(origin: bigint): Promise<Harness<SqlQuery>> {
  const database = await tempDatabase(`
    create table rows (key text primary key, amount numeric(78, 0), text text, wide numeric(78, 0) generated always as (amount * 2) stored, serial bigint generated always as identity);
    select chain_journal('rows');`);
  const read = (row: Readonly<Record<string, unknown>>): Row => ({
    amount: typeof row.amount === "string" ? BigInt(row.amount) : null,
    text: typeof row.text === "string" ? row.text : null,
  });
  const rows = (tx: SqlQuery): Rows => ({
    async get(key) {
      const found = await tx.query("select amount::text as amount, text from rows where key = $1", [key]);
      return found.rows[0] === undefined ? undefined : read(found.rows[0]);
    },
    async put(key, row) {
      const columns = Object.entries(row).map(
        ([name, value]) => [name, typeof value === "bigint" ? String(value) : value] as const,
      );
      const names = columns.map(([name]) => name);
      const sets = names.map((name) => `${name} = excluded.${name}`);
      await tx.query(
        `insert into rows (key, ${names.join(", ")}) values ($1, ${names.map((_, i) => `$${i + 2}`).join(", ")}) on conflict (key) do update set ${sets.join(", ")}`,
        [key, ...columns.map(([, value]) => value)],
      );
    },
    delete: async (key) => void (await tx.query("delete from rows where key = $1", [key])),
  });
  return {
    store: postgresFollowerStore(database, "market", origin),
    rows,
    outside: (work) => database.transaction((tx) => work(rows(tx))),
    async all() {
      const found = await database.query("select key, amount::text as amount, text from rows order by key", []);
      return Object.fromEntries(found.rows.map((row) => [String(row.key), read(row)]));
    },
    end: () => database.end(),
  };
}

/** Handlers whose result depends on every log and on their order: sums, rows that come and go, columns that change. */
export function handlers<T>(rows: (tx: T) => Rows, crash: () => boolean = () => false): Handlers<T> {
  return {
    async log(tx, log: RawLog) {
      const value = BigInt(log.data);
      const table = rows(tx);
      const total = (await table.get("total"))?.amount ?? 0n;
      await table.put("total", { amount: (total * 31n + value + 1n) % 10n ** 60n });
      const key = `row-${value % 5n}`;
      if (value % 3n === 0n) await table.delete(key);
      else if (value % 3n === 1n) await table.put(key, { amount: value + total });
      else await table.put(key, { text: `${log.blockHash}:${log.logIndex}` });
      if (crash()) throw new Error("crashed while applying");
    },
  };
}
