import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, type ReactNode, type RefObject, Suspense } from "react";
import { Button } from "../ui/button.tsx";
import { SearchBox } from "./search-box.tsx";
import type { ToolsProps } from "./tools.tsx";

const Tools = lazy(() => import("./tools.tsx")) as <T>(props: ToolsProps<T>) => ReactNode;

/** Something that can be done with several rows at once. */
export interface BulkAction<T> {
  readonly label: string;
  readonly icon?: string;
  readonly danger?: true;
  readonly run: (rows: readonly T[]) => void;
}

function WithSelected<T>({
  chosen,
  bulk,
  onNone,
}: {
  readonly chosen: readonly T[];
  readonly bulk: readonly BulkAction<T>[];
  readonly onNone: () => void;
}) {
  const { t } = useLingui();
  return (
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
      <Button look="quiet" onClick={onNone}>
        <Trans>Select none</Trans>
      </Button>
    </div>
  );
}

/** Above the rows: the search and the filters, or what can be done with the selected rows; how many there are; tools. */
export function Bar<T>({
  chosen,
  bulk,
  onNone,
  searchBox,
  filters,
  count,
  tools,
}: {
  readonly chosen: readonly T[];
  readonly bulk: readonly BulkAction<T>[];
  readonly onNone: () => void;
  readonly searchBox: RefObject<HTMLInputElement | null>;
  readonly filters: ReactNode;
  /** How many rows there are, in words. */
  readonly count: ReactNode;
  readonly tools: ToolsProps<T>;
}) {
  const { search, setSearch } = tools;
  return (
    <div className="flex min-h-12 flex-wrap items-center gap-2 border-b border-line px-4 py-2 md:px-6">
      {chosen.length > 0 ? (
        <WithSelected chosen={chosen} bulk={bulk} onNone={onNone} />
      ) : (
        <>
          <SearchBox
            value={search.q ?? ""}
            inputRef={searchBox}
            onChange={(next) => setSearch({ q: next === "" ? undefined : next })}
          />
          {filters}
        </>
      )}
      <div className="ml-auto flex h-(--row) items-center gap-0.5">
        <span className="mr-2 text-sm text-muted tabular-nums" role="status">
          {count}
        </span>
        <Suspense fallback={null}>
          <Tools {...tools} />
        </Suspense>
      </div>
    </div>
  );
}
