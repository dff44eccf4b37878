import { useMemo, useState } from "react";

/** Rows that are selected. What is filtered away stays selected, and is not acted upon while it is out of sight. */
export interface Selection<T> {
  /** Selected rows among those that the filters leave, in their order. */
  readonly chosen: readonly T[];
  readonly has: (key: string) => boolean;
  readonly toggle: (key: string) => void;
  /** Selects all rows that the filters leave, or none. */
  readonly setAll: (all: boolean) => void;
}

/** Keeps which of the rows are selected, by their ids. */
export function useSelection<T>(rows: readonly T[], rowId: (row: T) => string): Selection<T> {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const chosen = useMemo(
    () => (selected.size === 0 ? [] : rows.filter((row) => selected.has(rowId(row)))),
    [rows, selected, rowId],
  );
  return {
    chosen,
    has: (key) => selected.has(key),
    toggle: (key) =>
      setSelected((now) => {
        const next = new Set(now);
        if (!next.delete(key)) next.add(key);
        return next;
      }),
    setAll: (all) => setSelected(all ? new Set(rows.map(rowId)) : new Set()),
  };
}
