import { type RawBuilder, sql } from "kysely";

/** Milliseconds since the epoch of a nullable column. */
export const timeOf = (date: Date | null): number | null => (date === null ? null : date.getTime());

/** A nullable column of milliseconds since the epoch. */
export const dateOf = (time: number | null): Date | null => (time === null ? null : new Date(time));

/** Rows after `before` in the order (time, id) descending. */
export function afterKey(
  column: string,
  before: { readonly createdAt: number; readonly id: string },
): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(column)}, id) < (${new Date(before.createdAt)}, ${before.id})`;
}
