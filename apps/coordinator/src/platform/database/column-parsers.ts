import pg from "pg";

/** Object ids of PostgreSQL's built-in types (pg_type.dat). */
const INT8 = 20;
const NUMERIC = 1700;

/**
 * How column values become JavaScript values, the same everywhere: `int8` and `numeric` are bigint, because money and
 * counters do not fit a number. A numeric with a fraction has no place in this database and is refused.
 */
export const columnParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: "text" | "binary") => {
    if (oid === INT8 || oid === NUMERIC) return (text: string) => BigInt(text);
    return pg.types.getTypeParser(oid, format);
  }) as pg.CustomTypesConfig["getTypeParser"],
};
