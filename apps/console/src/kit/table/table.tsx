import { Trans, useLingui } from "@lingui/react/macro";
import {
  lazy,
  type ReactNode,
  type RefObject,
  Suspense,
  useDeferredValue,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { useStore } from "../../app/store.ts";
import { preferences } from "../../shell/preferences.ts";
import { Button } from "../ui/button.tsx";
import { ICONS, Icon } from "../ui/icon.tsx";
import { Failure, Skeleton, Stale } from "../ui/states.tsx";
import { type Column, nextSort, searchRows, shownColumns, sortRows, type TableSearch } from "./model.ts";
import type { ToolsProps } from "./tools.tsx";
import { useRowKeys } from "./use-rows.ts";
import { useWindow } from "./use-window.ts";

const Tools = lazy(() => import("./tools.tsx")) as <T>(props: ToolsProps<T>) => ReactNode;

/** Pixels; the same as `--row` in tokens.css. */
const ROW_HEIGHT = { compact: 28, normal: 32, comfortable: 40 } as const;
const HEAD_HEIGHT = 32;

/** Something that can be done with several rows at once. */
export interface BulkAction<T> {
  readonly label: string;
  readonly icon?: string;
  readonly danger?: true;
  readonly run: (rows: readonly T[]) => void;
}

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

function sortMark(sort: string | undefined, id: string): "ascending" | "descending" | "none" {
  return sort === id ? "ascending" : sort === `-${id}` ? "descending" : "none";
}

/** Typed text goes to the URL when typing pauses, so that the router is not asked for every letter. */
function SearchBox({
  value,
  onChange,
  inputRef,
}: {
  readonly value: string;
  readonly onChange: (next: string) => void;
  readonly inputRef: RefObject<HTMLInputElement | null>;
}) {
  const { t } = useLingui();
  const [text, setText] = useState(value);
  const sent = useRef(value);
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      onChange(text);
    }, 150);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  return (
    <label className="row flex w-56 min-w-32 items-center gap-2 rounded-(--radius) border border-faint bg-bg px-2.5 focus-within:outline-2 focus-within:outline-info phone:flex-1">
      <Icon path={ICONS.search} className="text-faint" />
      <span className="sr-only">
        <Trans>Search in the table</Trans>
      </span>
      <input
        ref={inputRef}
        type="search"
        value={text}
        placeholder={t`Search`}
        onChange={(event) => setText(event.target.value)}
        className="min-w-0 flex-1 bg-transparent text-sm outline-none placeholder:text-faint"
      />
      <kbd className="font-mono text-xs text-faint phone:hidden">/</kbd>
    </label>
  );
}

/**
 * The one table. It draws only the rows in sight; order, search, columns and the open row live in the URL. Rows are all
 * of one height, so what they say is one line.
 */
export function Table<T>(props: TableProps<T>) {
  const { id, label, data, columns, rowId, search, setSearch, onOpen, bulk = [], empty, filters } = props;
  const { t } = useLingui();
  const { density } = useStore(preferences);
  const rowHeight = ROW_HEIGHT[density];
  const scroller = useRef<HTMLDivElement>(null);
  const searchBox = useRef<HTMLInputElement>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const shown = shownColumns(columns, search.cols);
  // Ten thousand rows are sorted after the letter that asked for it has been drawn.
  const deferred = useDeferredValue(data.rows);
  const rows = useMemo(
    () => sortRows(searchRows(deferred, columns, search.q), columns, search.sort),
    [deferred, columns, search.q, search.sort],
  );
  const [from, to] = useWindow(scroller, rows.length, rowHeight);
  const toggle = (key: string): void =>
    setSelected((now) => {
      const next = new Set(now);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  const at = (index: number): T | undefined => rows[index];
  const keys = useRowKeys({
    scroller,
    search: searchBox,
    count: rows.length,
    rowHeight,
    headHeight: HEAD_HEIGHT,
    onSelect: (index) => {
      const row = at(index);
      if (bulk.length > 0 && row !== undefined) toggle(rowId(row));
    },
    onOpen: (index) => {
      const row = at(index);
      if (row !== undefined) onOpen?.(row);
    },
  });
  const chosen = useMemo(
    () => (selected.size === 0 ? [] : rows.filter((row) => selected.has(rowId(row)))),
    [rows, selected, rowId],
  );
  const setQ = useRef((next: string) => setSearch({ q: next === "" ? undefined : next }));
  setQ.current = (next) => setSearch({ q: next === "" ? undefined : next });
  const [sendQ] = useState(() => (next: string) => setQ.current(next));
  const lastOnPhone = shown.findLast((column) => column.wide !== true);

  if (data.error !== null && !data.ready) return <Failure error={data.error} again={data.again} />;
  if (data.ready && data.rows.length === 0 && data.growing !== true && search.q === undefined && filters === undefined)
    return <>{empty}</>;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div className="flex min-h-12 flex-wrap items-center gap-2 border-b border-line px-4 py-2 md:px-6">
        {chosen.length > 0 ? (
          <div role="toolbar" aria-label={t`With the selected rows`} className="flex flex-wrap items-center gap-2">
            <span className="text-sm" role="status">
              <Trans>{chosen.length} selected</Trans>
            </span>
            {bulk.map((action) => (
              <Button
                key={action.label}
                look={action.danger ? "danger" : "plain"}
                {...(action.icon === undefined ? {} : { icon: action.icon })}
                onClick={() => action.run(chosen)}
              >
                {action.label}
              </Button>
            ))}
            <Button look="quiet" onClick={() => setSelected(new Set())}>
              <Trans>Select none</Trans>
            </Button>
          </div>
        ) : (
          <>
            <SearchBox value={search.q ?? ""} inputRef={searchBox} onChange={sendQ} />
            {filters}
          </>
        )}
        <div className="ml-auto flex h-(--row) items-center gap-0.5">
          <span className="mr-2 text-sm text-muted tabular-nums" role="status">
            {data.ready
              ? rows.length === data.rows.length
                ? rows.length
                : `${rows.length} / ${data.rows.length}`
              : null}
            {data.cut ? "+" : null}
          </span>
          <Suspense fallback={null}>
            <Tools id={id} columns={columns} rows={rows} search={search} setSearch={setSearch} />
          </Suspense>
        </div>
      </div>
      {data.error === null ? null : <Stale at={data.at} again={data.again} />}
      <div ref={scroller} className="scroll-thin relative min-h-0 flex-1 overflow-auto low:max-h-60">
        <table
          aria-label={label}
          aria-rowcount={data.ready ? rows.length + 1 : -1}
          className="w-full table-fixed border-separate border-spacing-0 text-sm"
        >
          <colgroup>
            {bulk.length > 0 ? <col className="w-11" /> : null}
            {shown.map((column) => (
              <col
                key={column.id}
                style={column.width === undefined ? {} : { width: column.width }}
                className={column.wide ? "phone:hidden" : ""}
              />
            ))}
          </colgroup>
          <thead>
            <tr>
              {bulk.length > 0 ? (
                <th className="sticky top-0 z-10 h-8 border-b border-line bg-bg pl-4 text-left md:pl-6">
                  <input
                    type="checkbox"
                    className="align-middle"
                    aria-label={t`Select all rows`}
                    checked={rows.length > 0 && chosen.length === rows.length}
                    onChange={(event) => setSelected(event.target.checked ? new Set(rows.map(rowId)) : new Set())}
                  />
                </th>
              ) : null}
              {shown.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  aria-sort={column.value === undefined ? undefined : sortMark(search.sort, column.id)}
                  className={`sticky top-0 z-10 h-8 border-b border-line bg-bg px-2 font-normal whitespace-nowrap text-muted first:pl-4 last:pr-4 md:first:pl-6 md:last:pr-6 ${column === lastOnPhone ? "phone:pr-4" : ""} ${column.align === "end" ? "text-right" : "text-left"} ${column.wide ? "phone:hidden" : ""}`}
                >
                  {column.value === undefined ? (
                    column.header
                  ) : (
                    <button
                      type="button"
                      onClick={() => setSearch({ sort: nextSort(search.sort, column.id) })}
                      className={`inline-flex max-w-full items-center gap-1 hover:text-text ${column.align === "end" ? "flex-row-reverse" : ""} ${sortMark(search.sort, column.id) === "none" ? "" : "font-medium text-text"}`}
                    >
                      <span className="truncate">{column.header}</span>
                      <span aria-hidden="true" className="w-2 text-xs">
                        {{ ascending: "↑", descending: "↓", none: "" }[sortMark(search.sort, column.id)]}
                      </span>
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={keys.onKeyDown}>
            {from > 0 ? (
              // biome-ignore lint/a11y/noAriaHiddenOnFocusable: it is room for rows out of sight and takes no focus
              <tr aria-hidden="true">
                <td style={{ height: from * rowHeight }} className="p-0" />
              </tr>
            ) : null}
            {rows.slice(from, to).map((row, offset) => {
              const index = from + offset;
              const key = rowId(row);
              const isOpen = search.open === key;
              return (
                <tr
                  key={key}
                  data-index={index}
                  aria-rowindex={index + 2}
                  aria-current={isOpen || undefined}
                  tabIndex={index === keys.active ? 0 : -1}
                  onFocus={() => keys.setActive(index)}
                  onClick={() => onOpen?.(row)}
                  className={`group outline-offset-[-2px] ${onOpen === undefined ? "" : "cursor-pointer"} ${isOpen || selected.has(key) ? "bg-raised" : "hover:bg-surface"}`}
                >
                  {bulk.length > 0 ? (
                    <td className="h-(--row) border-b border-line pl-4 md:pl-6">
                      <input
                        type="checkbox"
                        className="align-middle"
                        tabIndex={-1}
                        aria-label={t`Select row ${index + 1}`}
                        checked={selected.has(key)}
                        onClick={(event) => event.stopPropagation()}
                        onChange={() => toggle(key)}
                      />
                    </td>
                  ) : null}
                  {shown.map((column) => (
                    <td
                      key={column.id}
                      className={`h-(--row) truncate border-b border-line px-2 first:pl-4 last:pr-4 md:first:pl-6 md:last:pr-6 ${column === lastOnPhone ? "phone:pr-4" : ""} ${column.align === "end" ? "text-right" : ""} ${column.wide ? "phone:hidden" : ""}`}
                    >
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              );
            })}
            {to < rows.length ? (
              // biome-ignore lint/a11y/noAriaHiddenOnFocusable: it is room for rows out of sight and takes no focus
              <tr aria-hidden="true">
                <td style={{ height: (rows.length - to) * rowHeight }} className="p-0" />
              </tr>
            ) : null}
            {data.ready ? null : <Loading columns={shown} bulk={bulk.length > 0} />}
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

/** Rows to come, of the same height, so that nothing moves when they are here. */
function Loading<T>({ columns, bulk }: { readonly columns: readonly Column<T>[]; readonly bulk: boolean }) {
  return Array.from({ length: 8 }, (_, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are all alike
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nor do they take the focus
    <tr key={index} aria-hidden="true">
      {bulk ? <td className="h-(--row) border-b border-line" /> : null}
      {columns.map((column) => (
        <td
          key={column.id}
          className={`h-(--row) border-b border-line px-2 first:pl-4 md:first:pl-6 ${column.wide ? "phone:hidden" : ""}`}
        >
          <Skeleton className="h-3 w-2/3" />
        </td>
      ))}
    </tr>
  ));
}
