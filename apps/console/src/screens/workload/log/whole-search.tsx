import { formatBytes } from "@corepool/core/bytes";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useStore } from "../../../app/store.ts";
import { client } from "../../../data/client.ts";
import { Button } from "../../../kit/ui/button.tsx";
import { Failure } from "../../../kit/ui/states.tsx";
import type { LogQuery } from "./finder.ts";
import type { LogLines } from "./lines.ts";
import { createWholeSearch, placeOf } from "./whole-search.ts";

/**
 * Finds lines in all of the log, also those that this page has not loaded or has let go of. A line that the page holds
 * can be gone to; of the others the text is shown.
 */
export function WholeSearchPanel({
  workload,
  query,
  lines,
  onGoTo,
}: {
  readonly workload: string;
  readonly query: LogQuery;
  readonly lines: LogLines;
  readonly onGoTo: (number: number) => void;
}) {
  const { t } = useLingui();
  const [search] = useState(() => createWholeSearch(client, workload));
  const { phase, found, searchedBytes, logBytes, error } = useStore(search.store);
  const { text, source } = query;
  // What was found is of the text that was asked for then.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question makes the answer to the one before wrong
  useEffect(() => search.clear, [search, text, source]);
  const [elsewhere, setElsewhere] = useState<number | undefined>(undefined);
  const busy = phase === "searching";
  const count = found.length;
  const searched = formatBytes(searchedBytes);
  const all = formatBytes(logBytes);
  return (
    <section aria-label={t`Search of the whole log`} className="border-b border-line px-4 py-2 text-sm md:px-6">
      <div className="flex flex-wrap items-center gap-2">
        <Button busy={busy} onClick={() => void search.start(query)}>
          <Trans>Search the whole log</Trans>
        </Button>
        <span role="status" className="text-muted">
          {phase === "idle" ? (
            ""
          ) : phase === "done" ? (
            <Trans>
              <Plural value={count} one="# line" other="# lines" /> found in {all}
            </Trans>
          ) : (
            <Trans>
              <Plural value={count} one="# line" other="# lines" /> found in {searched} of {all}
            </Trans>
          )}
        </span>
        {phase === "more" ? (
          <Button look="quiet" onClick={() => void search.more()}>
            <Trans>Find more</Trans>
          </Button>
        ) : null}
        {phase === "idle" ? null : (
          <Button look="quiet" onClick={search.clear}>
            <Trans>Close the results</Trans>
          </Button>
        )}
      </div>
      {phase === "failed" ? <Failure error={error} again={() => void search.more()} /> : null}
      {count === 0 ? null : (
        <ol className="scroll-thin mt-2 max-h-56 overflow-auto font-mono">
          {found.map((line) => (
            <li key={`${line.stream} ${line.offset}`}>
              <button
                type="button"
                className="flex w-max min-w-full gap-3 text-left whitespace-pre hover:bg-raised"
                onClick={() => {
                  const place = placeOf(lines, line);
                  setElsewhere(place === undefined ? line.offset : undefined);
                  if (place !== undefined) onGoTo(place);
                }}
              >
                <span className="w-14 shrink-0 text-right text-faint">{line.number}</span>
                <span className={line.stream === "stderr" ? "text-warn" : ""}>{line.text}</span>
              </button>
              {elsewhere === line.offset ? (
                <p role="status" className="pl-17 font-sans text-muted">
                  <Trans>This page does not hold the lines around it. The download has them.</Trans>
                </p>
              ) : null}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
