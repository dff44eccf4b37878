import { Trans, useLingui } from "@lingui/react/macro";
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSearch, useSetSearch } from "../../../app/screen.ts";
import { useStore } from "../../../app/store.ts";
import { windowOf } from "../../../kit/table/model.ts";
import { Failure } from "../../../kit/ui/states.tsx";
import screen from "../screen.ts";
import { isNarrow, LogFinder, nextFound } from "./finder.ts";
import type { LogLine } from "./lines.ts";
import type { LogReader } from "./reader.ts";
import { LogTools } from "./tools.tsx";
import { WholeSearchPanel } from "./whole-search.tsx";

/** Pixels of a line, as `h-5` is. */
const LINE = 20;
/** Lines drawn above and below what is in sight. */
const MORE = 20;
/** Milliseconds that a search may take of one picture. */
const SEARCH_MS = 6;
const ANNOUNCE_MS = 10_000;

/** Follows the size and the place of a scroller, once per picture. `moved` is told whenever it was scrolled. */
function useView(
  scroller: RefObject<HTMLElement | null>,
  moved: (element: HTMLElement) => void,
): { readonly top: number; readonly height: number } {
  const [view, setView] = useState({ top: 0, height: 600 });
  const tell = useRef(moved);
  tell.current = moved;
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    let frame = 0;
    const look = (): void => {
      frame = 0;
      setView((now) =>
        now.top === element.scrollTop && now.height === element.clientHeight
          ? now
          : { top: element.scrollTop, height: element.clientHeight },
      );
    };
    const soon = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    const scrolled = (): void => {
      tell.current(element);
      soon();
    };
    look();
    element.addEventListener("scroll", scrolled, { passive: true });
    const size = new ResizeObserver(soon);
    size.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", scrolled);
      size.disconnect();
    };
  }, [scroller]);
  return view;
}

/** Says how many lines have come, at most every ten seconds, for those who do not see them come. */
function Announcer({ count }: { readonly count: number }) {
  const { t } = useLingui();
  const [said, setSaid] = useState("");
  const newest = useRef(count);
  newest.current = count;
  useEffect(() => {
    let before = newest.current;
    const timer = setInterval(() => {
      const more = newest.current - before;
      before = newest.current;
      setSaid(more > 0 ? t`${more} new lines` : "");
    }, ANNOUNCE_MS);
    return () => clearInterval(timer);
  }, [t]);
  return (
    <p role="status" className="sr-only">
      {said}
    </p>
  );
}

/** The text of a line, what is searched marked in it. */
function Marked({ text, wanted }: { readonly text: string; readonly wanted: string }) {
  if (wanted === "") return text;
  const parts: (string | { readonly mark: string })[] = [];
  const lower = text.toLowerCase();
  const needle = wanted.toLowerCase();
  let from = 0;
  // Some letters change their length with their case: then places do not fit, and nothing is marked.
  for (let at = lower.length === text.length ? lower.indexOf(needle) : -1; at >= 0; at = lower.indexOf(needle, from)) {
    parts.push(text.slice(from, at), { mark: text.slice(at, at + needle.length) });
    from = at + needle.length;
  }
  parts.push(text.slice(from));
  return parts.map((part, index) =>
    typeof part === "string" ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a line have no other name than their place
      <mark key={index} className="bg-warn text-bg">
        {part.mark}
      </mark>
    ),
  );
}

function Line({
  line,
  number,
  place,
  count,
  chosen,
  wanted,
  times,
  clock,
}: {
  readonly line: LogLine;
  readonly number: number;
  readonly place: number;
  readonly count: number;
  readonly chosen: boolean;
  readonly wanted: string;
  readonly times: boolean;
  readonly clock: (at: number) => string;
}) {
  const { t } = useLingui();
  return (
    <li
      aria-posinset={place + 1}
      aria-setsize={count}
      aria-current={chosen || undefined}
      className={`flex h-5 w-max min-w-full pr-4 whitespace-pre hover:bg-raised ${chosen ? "bg-raised" : ""}`}
    >
      <span
        aria-hidden="true"
        className="sticky left-0 w-14 shrink-0 bg-bg pr-3 text-right text-faint select-none phone:w-10 phone:pr-2"
      >
        {number + 1}
      </span>
      {times ? (
        <span className="w-24 shrink-0 text-faint select-none">{line.at === undefined ? "" : clock(line.at)}</span>
      ) : null}
      <span aria-hidden="true" className={`w-8 shrink-0 select-none ${line.source === "stderr" ? "text-warn" : ""}`}>
        {line.source === "stderr" ? <code>err</code> : null}
      </span>
      {line.source === "stderr" ? <span className="sr-only">{t`Standard error:`} </span> : null}
      <span className={line.source === "stderr" ? "text-warn" : ""}>
        <Marked text={line.text} wanted={wanted} />
      </span>
    </li>
  );
}

/**
 * A workload's log: only the lines in sight are drawn, so that it takes in thousands a second. It follows the end until
 * somebody scrolls up, and again when he is back at the end.
 */
export function LogPane({
  reader,
  workload,
  attempts,
}: {
  readonly reader: LogReader;
  readonly workload: string;
  readonly attempts: number;
}) {
  const { t, i18n } = useLingui();
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const { lines, phase, error, missing, version } = useStore(reader.store);
  const scroller = useRef<HTMLElement>(null);
  const [following, setFollowing] = useState(true);
  const [finder] = useState(() => new LogFinder());
  const [, setFoundVersion] = useState(0);
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const text = search.find ?? "";
  const source = search.source ?? "all";
  finder.ask({ text, source });

  // A search goes on picture by picture until it has seen every line.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` tells that there are more lines, the query that others are meant
  useEffect(() => {
    if (!isNarrow(finder.query)) return;
    let frame = 0;
    const look = (): void => {
      const done = finder.step(lines, SEARCH_MS, () => performance.now());
      setFoundVersion((now) => now + 1);
      frame = done ? 0 : requestAnimationFrame(look);
    };
    look();
    return () => cancelAnimationFrame(frame);
  }, [finder, lines, version, text, source]);

  const onlyFound = isNarrow(finder.query) && (search.only === "yes" || source !== "all");
  const count = onlyFound ? finder.found.length : lines.end - lines.first;
  const numberAt = (place: number): number => (onlyFound ? (finder.found[place] ?? 0) : lines.first + place);
  // Where this pane itself has scrolled to. A scroller that is higher up was moved by somebody; one that is merely no
  // longer at the end has only grown.
  const putAt = useRef(0);
  const view = useView(scroller, (element) => {
    if (element.scrollHeight - element.scrollTop - element.clientHeight < LINE * 1.5) setFollowing(true);
    else if (element.scrollTop < putAt.current - 1) setFollowing(false);
  });
  const [from, to] = following
    ? [Math.max(0, count - Math.ceil(view.height / LINE) - 1), count]
    : windowOf(count, LINE, view.top, view.height, MORE);
  // The browser's own anchoring is off: it would hold on to a line while this holds on to the end.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it stays at the end whenever the end, or the window on it, moves
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!following || element === null) return;
    element.scrollTop = element.scrollHeight;
    putAt.current = element.scrollTop;
  }, [following, count, version, view.height, view.top]);

  const jump = (step: 1 | -1): void => {
    const number = nextFound(finder.found, chosen ?? (step === 1 ? lines.first - 1 : lines.end), step);
    if (number !== undefined) goTo(number);
  };
  const goTo = (number: number): void => {
    setChosen(number);
    setFollowing(false);
    const place = onlyFound ? finder.found.indexOf(number) : number - lines.first;
    const element = scroller.current;
    if (element !== null) element.scrollTop = Math.max(0, place * LINE - element.clientHeight / 2);
  };
  const clock = (at: number): string => i18n.date(new Date(at), { timeStyle: "medium" });
  const shown = Array.from({ length: to - from }, (_, index) => from + index);
  const position = chosen === undefined ? 0 : finder.found.indexOf(chosen) + 1;

  return (
    <section aria-label={t`Log`} className="flex min-h-[62dvh] flex-1 flex-col">
      <LogTools
        workload={workload}
        attempts={attempts}
        text={text}
        source={source}
        only={search.only === "yes"}
        times={search.times === "yes"}
        following={following}
        found={text === "" ? undefined : { position, total: finder.found.length }}
        onSearch={(patch) => {
          setChosen(undefined);
          setSearch(patch);
        }}
        onJump={jump}
        onFollow={setFollowing}
      />
      {text === "" ? null : <WholeSearchPanel workload={workload} query={finder.query} lines={lines} onGoTo={goTo} />}
      {missing > 0 ? (
        <p className="border-b border-line px-4 py-1 text-sm text-warn md:px-6">
          <Trans>{missing} bytes are missing: the log was longer than what is kept.</Trans>
        </p>
      ) : null}
      {lines.first > 0 ? (
        <p className="border-b border-line px-4 py-1 text-sm text-muted md:px-6">
          <Trans>The first {lines.first} lines are left out here. The download has them.</Trans>
        </p>
      ) : null}
      {phase === "failed" ? <Failure error={error} /> : null}
      <div className="relative min-h-0 flex-1">
        <section
          ref={scroller}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
          tabIndex={0}
          data-log
          data-lines={lines.end}
          aria-label={t`Lines of the log`}
          onKeyDown={(event) => {
            if (event.ctrlKey || event.metaKey || event.altKey) return;
            if (event.key === "f" || event.key === "End") setFollowing(true);
            else if (event.key === "n") jump(1);
            else if (event.key === "N") jump(-1);
            else if (event.key === "Home" && scroller.current !== null) {
              setFollowing(false);
              scroller.current.scrollTop = 0;
            } else return;
            event.preventDefault();
          }}
          className="scroll-thin absolute inset-0 overflow-auto [overflow-anchor:none] bg-bg font-mono text-sm outline-offset-[-2px]"
        >
          <ol className="w-max min-w-full" style={{ paddingTop: from * LINE, paddingBottom: (count - to) * LINE }}>
            {shown.map((place) => {
              const number = numberAt(place);
              const line = lines.line(number);
              return line === undefined ? null : (
                <Line
                  key={number}
                  line={line}
                  number={number}
                  place={place}
                  count={count}
                  chosen={chosen === number}
                  wanted={text}
                  times={search.times === "yes"}
                  clock={clock}
                />
              );
            })}
          </ol>
        </section>
        {count === 0 && phase !== "failed" ? (
          <p className="absolute inset-x-0 top-0 px-4 py-6 text-sm text-muted md:px-6">
            {isNarrow(finder.query) && lines.end > 0 ? (
              <Trans>No line fits the search.</Trans>
            ) : phase === "over" ? (
              <Trans>It wrote nothing.</Trans>
            ) : (
              <Trans>It has not written anything yet. Lines appear here as they come.</Trans>
            )}
          </p>
        ) : null}
      </div>
      <Announcer count={lines.end} />
    </section>
  );
}
