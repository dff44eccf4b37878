import { Trans } from "@lingui/react/macro";
import { type ReactNode, useDeferredValue, useMemo, useRef } from "react";
import { useStore } from "../../app/store.ts";
import { preferences } from "../../shell/preferences.ts";
import { Failure, Stale } from "../ui/states.tsx";
import { Bar, type BulkAction } from "./bar.tsx";
import { HEAD_HEIGHT, Head } from "./head.tsx";
import { type Column, searchRows, shownColumns, sortRows, type TableSearch } from "./model.ts";
import { Loading, Room, Row } from "./rows.tsx";
import { useRowKeys } from "./use-rows.ts";
import { useSelection } from "./use-selection.ts";
import { useWindow } from "./use-window.ts";

/** Pixels; the same as `--row` in tokens.css. */
const ROW_HEIGHT = { compact: 28, normal: 32, comfortable: 40 } as const;

/** A list as it is now. `useWholeList` answers with one. */
export interface TableData<T> {
  readonly rows: readonly T[];
  readonly ready: boolean;
  readonly error: Error | null;
  readonly at: number;
  readonly again: () => void;
  readonly growing?: boolean;
  readonly cut?: boolean;
}

export interface TableProps<T> {
  /** Names the saved views and the file of an export. */
  readonly id: string;
  /** What the table lists, for those who hear it. */
  readonly label: string;
  readonly data: TableData<T>;
  readonly columns: readonly Column<T>[];
  readonly rowId: (row: T) => string;
  readonly search: TableSearch & Readonly<Record<string, unknown>>;
  readonly setSearch: (patch: Readonly<Record<string, unknown>>) => void;
  /** Opens a row; without it rows do not open. */
  readonly onOpen?: (row: T) => void;
  readonly bulk?: readonly BulkAction<T>[];
  /** Shown when the list itself is empty. */
  readonly empty: ReactNode;
  /** Filters of the screen, beside the search. */
  readonly filters?: ReactNode;
}

/** How many rows there are, and how many of them the search leaves. */
function countOf<T>(data: TableData<T>, left: number): string {
  const all = data.rows.length;
  const shown = left === all ? String(all) : `${left} / ${all}`;
  return `${data.ready ? shown : ""}${data.cut ? "+" : ""}`;
}

/**
 * The one table. It draws only the rows in sight; order, search, columns and the open row live in the URL. Rows are all
 * of one height, so what they say is one line.
 */
export function Table<T>(props: TableProps<T>) {
  const { id, label, data, columns, rowId, search, setSearch, onOpen, bulk = [], empty, filters } = props;
  const { density } = useStore(preferences);
  const rowHeight = ROW_HEIGHT[density];
  const scroller = useRef<HTMLDivElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const shown = shownColumns(columns, search.cols);
  // Ten thousand rows are sorted after the letter that asked for it has been drawn.
  const deferred = useDeferredValue(data.rows);
  const rows = useMemo(
    () => sortRows(searchRows(deferred, columns, search.q), columns, search.sort),
    [deferred, columns, search.q, search.sort],
  );
  const [from, to] = useWindow(scroller, rows.length, rowHeight);
  const selection = useSelection(rows, rowId);
  const selectable = bulk.length > 0;
  const keys = useRowKeys({
    scroller,
    search: searchBox,
    count: rows.length,
    rowHeight,
    headHeight: HEAD_HEIGHT,
    onSelect: (index) => {
      const row = rows[index];
      if (selectable && row !== undefined) selection.toggle(rowId(row));
    },
    onOpen: (index) => {
      const row = rows[index];
      if (row !== undefined) onOpen?.(row);
    },
  });

  if (data.error !== null && !data.ready) return <Failure error={data.error} again={data.again} />;
  if (data.ready && data.rows.length === 0 && data.growing !== true && search.q === undefined && filters === undefined)
    return <>{empty}</>;
  const { chosen } = selection;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <Bar
        chosen={chosen}
        bulk={bulk}
        onNone={() => selection.setAll(false)}
        searchBox={searchBox}
        filters={filters}
        count={countOf(data, rows.length)}
        tools={{ id, columns, rows, search, setSearch }}
      />
      {data.error === null ? null : <Stale at={data.at} again={data.again} />}
      <div ref={scroller} className="scroll-thin relative min-h-0 flex-1 overflow-auto low:max-h-60">
        <table
          aria-label={label}
          aria-rowcount={data.ready ? rows.length + 1 : -1}
          className="w-full table-fixed border-separate border-spacing-0 text-sm"
        >
          <Head
            columns={shown}
            search={search}
            setSearch={setSearch}
            all={
              selectable
                ? { checked: rows.length > 0 && chosen.length === rows.length, onChange: selection.setAll }
                : undefined
            }
          />
          <tbody onKeyDown={keys.onKeyDown}>
            <Room height={from * rowHeight} />
            {rows.slice(from, to).map((row, offset) => {
              const index = from + offset;
              const key = rowId(row);
              return (
                <Row
                  key={key}
                  row={row}
                  index={index}
                  columns={shown}
                  isOpen={search.open === key}
                  inTabOrder={index === keys.active}
                  selection={
                    selectable ? { selected: selection.has(key), onToggle: () => selection.toggle(key) } : undefined
                  }
                  onFocus={() => keys.setActive(index)}
                  onOpen={onOpen}
                />
              );
            })}
            <Room height={(rows.length - to) * rowHeight} />
            {data.ready ? null : <Loading columns={shown} bulk={selectable} />}
          </tbody>
        </table>
        {data.ready && rows.length === 0 ? (
          <div className="px-4 py-8 md:px-6">
            {data.rows.length === 0 ? (
              empty
            ) : (
              <p className="text-muted">
                <Trans>No row fits the search.</Trans>
              </p>
            )}
          </div>
        ) : null}
      </div>
    </div>
  );
}
