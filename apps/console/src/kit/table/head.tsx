import { useLingui } from "@lingui/react/macro";
import { type Column, lastOnPhone, nextSort, type TableSearch } from "./model.ts";

/** Pixels. */
export const HEAD_HEIGHT = 32;

function sortMark(sort: string | undefined, id: string): "ascending" | "descending" | "none" {
  return sort === id ? "ascending" : sort === `-${id}` ? "descending" : "none";
}

function Title<T>({
  column,
  sort,
  onSort,
}: {
  readonly column: Column<T>;
  readonly sort: string | undefined;
  readonly onSort: (next: string | undefined) => void;
}) {
  if (column.value === undefined) return column.header;
  const mark = sortMark(sort, column.id);
  return (
    <button
      type="button"
      onClick={() => onSort(nextSort(sort, column.id))}
      className={`inline-flex max-w-full items-center gap-1 hover:text-text ${column.align === "end" ? "flex-row-reverse" : ""} ${mark === "none" ? "" : "font-medium text-text"}`}
    >
      <span className="truncate">{column.header}</span>
      <span aria-hidden="true" className="w-2 text-xs">
        {{ ascending: "↑", descending: "↓", none: "" }[mark]}
      </span>
    </button>
  );
}

/** Widths of the columns, and their titles, which sort. `all`: absent where rows cannot be selected. */
export function Head<T>({
  columns,
  search,
  setSearch,
  all,
}: {
  readonly columns: readonly Column<T>[];
  readonly search: TableSearch;
  readonly setSearch: (patch: Readonly<Record<string, unknown>>) => void;
  readonly all: { readonly checked: boolean; readonly onChange: (all: boolean) => void } | undefined;
}) {
  const { t } = useLingui();
  const last = lastOnPhone(columns);
  return (
    <>
      <colgroup>
        {all === undefined ? null : <col className="w-11" />}
        {columns.map((column) => (
          <col
            key={column.id}
            style={column.width === undefined ? {} : { width: column.width }}
            className={column.wide ? "phone:hidden" : ""}
          />
        ))}
      </colgroup>
      <thead>
        <tr>
          {all === undefined ? null : (
            <th className="sticky top-0 z-10 h-8 border-b border-line bg-bg pl-4 text-left md:pl-6">
              <input
                type="checkbox"
                className="align-middle"
                aria-label={t`Select all rows`}
                checked={all.checked}
                onChange={(event) => all.onChange(event.target.checked)}
              />
            </th>
          )}
          {columns.map((column) => (
            <th
              key={column.id}
              scope="col"
              aria-sort={column.value === undefined ? undefined : sortMark(search.sort, column.id)}
              className={`sticky top-0 z-10 h-8 border-b border-line bg-bg px-2 font-normal whitespace-nowrap text-muted first:pl-4 last:pr-4 md:first:pl-6 md:last:pr-6 ${column === last ? "phone:pr-4" : ""} ${column.align === "end" ? "text-right" : "text-left"} ${column.wide ? "phone:hidden" : ""}`}
            >
              <Title column={column} sort={search.sort} onSort={(sort) => setSearch({ sort })} />
            </th>
          ))}
        </tr>
      </thead>
    </>
  );
}
