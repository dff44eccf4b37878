/** What this package needs of a database connection; PostgreSQL with $1, $2, … for parameters. */
export interface SqlQuery {
  query(
    text: string,
    parameters: readonly unknown[],
  ): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/** A database: `T` is the handle of a transaction, in which a caller may offer more than plain queries. */
export interface SqlDatabase<T extends SqlQuery = SqlQuery> extends SqlQuery {
  /** Commits when `work` resolves, rolls back when it rejects. */
  transaction<R>(work: (tx: T) => Promise<R>): Promise<R>;
}
