import { sql } from "kysely";
import type { Tx } from "../database/database.ts";

/** The one PostgreSQL channel on which processes wake each other; its payload is the topic. */
export const CHANNEL = "corepool";

/** Wakes the subscribers of a topic, in every process, when (and only if) the transaction commits. */
export async function notifyOnCommit(tx: Tx, topic: string): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${topic})`.execute(tx);
}
