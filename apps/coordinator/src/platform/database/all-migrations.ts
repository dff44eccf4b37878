import { join } from "node:path";
import { CHAIN_MIGRATION } from "@corepool/chain/migration";
import { type Migration, migrationsIn } from "./migrate.ts";

/** The coordinator's whole schema: its own files, and what following a chain and sending to it need (0010). */
export async function allMigrations(): Promise<readonly Migration[]> {
  const own = await migrationsIn(join(import.meta.dirname, "migrations"));
  return [...own, { name: "0010_chain", sql: CHAIN_MIGRATION }];
}
