import type { Address } from "@corepool/core/hex";
import type { MachineRecord } from "@corepool/core/ports/store";
import { type RawBuilder, sql } from "kysely";
import { afterKey } from "../market/columns.ts";
import type { Reader } from "../platform/database/database.ts";
import { machineFromRow } from "./repository.ts";

/**
 * Whether a row of `machines` is of an account's fleet: the account provides the machine, or an open offer of it pays the
 * account. `account` is in lower case.
 */
export const inFleet = (account: Address): RawBuilder<boolean> => sql<boolean>`(
  machines.provider = ${account} or machines.id in (
    select paying.machine from offers paying
    where paying.open and lower(paying.signed #>> '{offer,payTo}') = ${account}
  )
)`;

/** Machines, newest first, after a place in that order; with `fleet` (in lower case) only those of that account. */
export async function machinePage(
  reader: Reader,
  fleet: Address | undefined,
  limit: number,
  before: { readonly createdAt: number; readonly id: string } | undefined,
): Promise<readonly MachineRecord[]> {
  let query = reader.selectFrom("machines").selectAll();
  if (fleet !== undefined) query = query.where(inFleet(fleet));
  if (before !== undefined) query = query.where(afterKey("registered_at", before));
  const rows = await query.orderBy("registered_at", "desc").orderBy("id", "desc").limit(limit).execute();
  return rows.map(machineFromRow);
}
