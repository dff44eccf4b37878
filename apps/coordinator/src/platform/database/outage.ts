import type { Clock } from "@corepool/core/ports/clock";
import pg from "pg";

/** What a server says while it starts, stops, has no connection to spare or ends one that stood still (appendix A). */
const STATES = /^(08...|57P0[1-3]|25P03|53300)$/;
const NETWORK = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)$/;
/** The driver's own words for a connection that broke or could not be had; it gives them no code. */
const WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Cannot use a pool after)/;

/**
 * Whether an error means that the database is away for now: the same statement may succeed once it is back. Whether one
 * that changes something has taken effect is then not known.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isOutage);
  if (error instanceof pg.DatabaseError) return STATES.test(error.code ?? "");
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return (code !== undefined && NETWORK.test(code)) || WORDS.test(error.message);
}

const LOOK_MS = 50;

/** Waits for a database that is away, as after a crash that takes both down. Rejects with what still stands in the way. */
export async function untilDatabase(pool: pg.Pool, clock: Clock, patienceMs: number): Promise<void> {
  const begun = clock.monotonic();
  for (;;) {
    try {
      await pool.query("select 1");
      return;
    } catch (error) {
      if (!isOutage(error) || clock.monotonic() - begun > patienceMs) throw error;
    }
    await clock.sleep(LOOK_MS);
  }
}
