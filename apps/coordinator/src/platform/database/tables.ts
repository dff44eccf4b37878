import type { DomainTables } from "./domain-tables.ts";
import type { PlatformTables } from "./platform-tables.ts";

/** Every table of the database, as Kysely sees it. Money (`numeric(78,0)`) and `int8` are bigint in both directions. */
export interface Tables extends PlatformTables, DomainTables {}
