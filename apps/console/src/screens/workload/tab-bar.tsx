import { useLingui } from "@lingui/react/macro";
import { Link } from "../../app/link.tsx";
import { writeSearch } from "../../app/match.ts";
import { usePath } from "../../app/place.ts";
import { useSearch } from "../../app/screen.ts";
import screen, { TABS, type Tab } from "./screen.ts";

/** The parts of a workload's page; each has an address of its own. */
export function TabBar({
  tab,
  files,
  attempts,
}: {
  readonly tab: Tab;
  readonly files: number;
  readonly attempts: number;
}) {
  const { t } = useLingui();
  const path = usePath();
  const search = useSearch(screen);
  const names: Readonly<Record<Tab, string>> = {
    overview: t`Overview`,
    logs: t`Log`,
    metrics: t`Metrics`,
    files: t`Files`,
    receipt: t`Receipt`,
    events: t`Events`,
    config: t`Config`,
  };
  const counts: Partial<Record<Tab, number>> = { files, overview: attempts > 1 ? attempts : 0 };
  return (
    <nav
      aria-label={t`Parts of the workload`}
      className="scroll-thin flex shrink-0 overflow-x-auto border-b border-line px-2 md:px-4"
    >
      {TABS.map((each) => (
        <Link
          key={each}
          to={`${path}${writeSearch({ ...search, tab: each === "overview" ? undefined : each })}`}
          aria-current={tab === each ? "page" : undefined}
          className={`row flex items-center gap-1.5 border-b-2 px-2.5 text-sm whitespace-nowrap outline-offset-[-2px] ${tab === each ? "border-accent font-medium text-text" : "border-transparent text-muted hover:text-text"}`}
        >
          {names[each]}
          {(counts[each] ?? 0) > 0 ? <span className="font-mono text-xs text-muted">{counts[each]}</span> : null}
        </Link>
      ))}
    </nav>
  );
}
