import { useLingui } from "@lingui/react/macro";
import { Skeleton } from "../ui/states.tsx";
import { type Column, lastOnPhone } from "./model.ts";

/** Room for rows out of sight, pixels. */
export function Room({ height }: { readonly height: number }) {
  if (height === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: it is room for rows out of sight and takes no focus
    <tr aria-hidden="true">
      <td style={{ height }} className="p-0" />
    </tr>
  );
}

/** One row. `selection`: absent where rows cannot be selected. */
export function Row<T>({
  row,
  index,
  columns,
  isOpen,
  inTabOrder,
  selection,
  onFocus,
  onOpen,
}: {
  readonly row: T;
  readonly index: number;
  readonly columns: readonly Column<T>[];
  readonly isOpen: boolean;
  readonly inTabOrder: boolean;
  readonly selection: { readonly selected: boolean; readonly onToggle: () => void } | undefined;
  readonly onFocus: () => void;
  readonly onOpen: ((row: T) => void) | undefined;
}) {
  const { t } = useLingui();
  const last = lastOnPhone(columns);
  return (
    <tr
      data-index={index}
      aria-rowindex={index + 2}
      aria-current={isOpen || undefined}
      tabIndex={inTabOrder ? 0 : -1}
      onFocus={onFocus}
      onClick={() => onOpen?.(row)}
      className={`group outline-offset-[-2px] ${onOpen === undefined ? "" : "cursor-pointer"} ${isOpen || selection?.selected === true ? "bg-raised" : "hover:bg-surface"}`}
    >
      {selection === undefined ? null : (
        <td className="h-(--row) border-b border-line pl-4 md:pl-6">
          <input
            type="checkbox"
            className="align-middle"
            tabIndex={-1}
            aria-label={t`Select row ${index + 1}`}
            checked={selection.selected}
            onClick={(event) => event.stopPropagation()}
            onChange={selection.onToggle}
          />
        </td>
      )}
      {columns.map((column) => (
        <td
          key={column.id}
          className={`h-(--row) truncate border-b border-line px-2 first:pl-4 last:pr-4 md:first:pl-6 md:last:pr-6 ${column === last ? "phone:pr-4" : ""} ${column.align === "end" ? "text-right" : ""} ${column.wide ? "phone:hidden" : ""}`}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

/** Rows to come, of the same height, so that nothing moves when they are here. */
export function Loading<T>({ columns, bulk }: { readonly columns: readonly Column<T>[]; readonly bulk: boolean }) {
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
