import type pg from "pg";

/**
 * What may change although a request was refused: the answers kept for repeats, the progress of following the chain,
 * and signs of life of machines. Everything else is the domain.
 */
const NOT_DOMAIN = new Set(["idempotency", "chain_progress", "machines", "schema_migrations"]);

/** A hash over all rows of each table of the domain. */
export async function contentOf(pool: pg.Pool): Promise<ReadonlyMap<string, string>> {
  const { rows: tables } = await pool.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  const hashes = tables
    .filter(({ name }) => !NOT_DOMAIN.has(name))
    .map(
      ({ name }) =>
        `select '${name}' as name, coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as hash from "${name}" t`,
    );
  const { rows } = await pool.query<{ name: string; hash: string }>(hashes.join(" union all "));
  return new Map(rows.map(({ name, hash }) => [name, hash]));
}
