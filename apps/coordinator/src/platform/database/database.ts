import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import { columnParsers } from "./column-parsers.ts";
import type { Tables } from "./tables.ts";

/** A handle on which one transaction's statements run. */
export type Tx = Transaction<Tables>;

/** Reading outside or inside a transaction. */
export type Reader = Kysely<Tables>;

export interface TransactionOptions {
  /** Default `read committed`; choose `serializable` where a decision rests on rows that are only read. */
  readonly isolation?: "read committed" | "repeatable read" | "serializable";
}

/** Serialisation failure, deadlock: the same transaction, run again, may succeed. */
const WORTH_ANOTHER_TRY = new Set(["40001", "40P01"]);
const TRIES = 8;
/**
 * A transaction whose process says nothing for so long is rolled back: one that stands still (SIGSTOP, a suspended host)
 * would hold its locks against every other process. Waiting for a lock is not standing still.
 */
const IDLE_MS = 15_000;

/** PostgreSQL, seen as transactions. */
export interface Database {
  /** For single statements and reads. Never use it inside `transaction`: take the handle that is passed in. */
  readonly reader: Reader;
  /**
   * Runs `work` in one transaction, again from the start after a serialisation failure or deadlock (so `work` must have
   * no effect outside the database). Commits when it resolves, rolls back when it rejects.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** The pool, for what speaks raw SQL (migrations, background jobs). */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** The SQLSTATE of an error thrown by the driver, if it is one. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** Opens a pool on a PostgreSQL URL. `onIdleError` hears of connections that broke while nobody used them. */
export function openDatabase(options: {
  readonly url: string;
  readonly maxConnections: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly onIdleError: (error: Error) => void;
  /** Milliseconds that a transaction may stand still. Default 15,000. */
  readonly idleTransactionMs?: number;
}): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    application_name: "corepool-coordinator",
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    idle_in_transaction_session_timeout: options.idleTransactionMs ?? IDLE_MS,
    types: columnParsers,
  });
  pool.on("error", options.onIdleError);
  // The pool listens only to connections that nobody has: one that breaks between two statements of a transaction would
  // otherwise be an error that nobody caught, and end the process. Its holder learns of it from the next statement.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const reader = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    reader,
    pool,
    close: () => reader.destroy(),
    async transaction(work, { isolation } = {}) {
      for (let attempt = 1; ; attempt++) {
        try {
          const builder = reader.transaction();
          return await (isolation === undefined ? builder : builder.setIsolationLevel(isolation)).execute(work);
        } catch (error) {
          const state = sqlState(error);
          if (state === undefined || !WORTH_ANOTHER_TRY.has(state) || attempt === TRIES) throw error;
          const jitter = options.random.bytes(1)[0] ?? 0;
          await options.clock.sleep(2 ** attempt + jitter / 16);
        }
      }
    },
  };
}
