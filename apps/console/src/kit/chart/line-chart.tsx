import { i18n } from "@lingui/core";
import { useLingui } from "@lingui/react/macro";
import { lazy, type ReactNode, Suspense } from "react";
import { Skeleton } from "../ui/states.tsx";
import { ChartFrame } from "./frame.tsx";

const Plot = lazy(() => import("./plot.tsx"));

/** A line: a name, a colour of the theme, and a value for every time; null where there is none. */
export interface Series {
  readonly name: string;
  readonly colour: "accent" | "info" | "warn" | "bad" | "muted";
  readonly values: readonly (number | null)[];
}

/** Lines over time. `times`: milliseconds since the epoch, rising. Keep `times`, `series` and `format` stable between draws. */
export function LineChart({
  title,
  times,
  series,
  format,
  height = 180,
}: {
  readonly title: ReactNode;
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly height?: number;
}) {
  const { t } = useLingui();
  const rows = times.map((time, index) => [
    i18n.date(new Date(time), { timeStyle: "medium", dateStyle: "short" }),
    ...series.map((each) => {
      const value = each.values[index];
      return value === null || value === undefined ? "–" : format(value);
    }),
  ]);
  return (
    <ChartFrame title={title} data={{ head: [t`Time`, ...series.map((each) => each.name)], rows }}>
      <Suspense fallback={<Skeleton className="block h-full w-full" />}>
        <Plot times={times} series={series} format={format} height={height} />
      </Suspense>
      <ul className="flex flex-wrap gap-x-4 text-sm text-muted">
        {series.map((each) => (
          <li key={each.name} className="flex items-center gap-1.5">
            <span
              className={`h-0.5 w-3 ${{ accent: "bg-accent", info: "bg-info", warn: "bg-warn", bad: "bg-bad", muted: "bg-muted" }[each.colour]}`}
              data-mark
              aria-hidden="true"
            />
            {each.name}
          </li>
        ))}
      </ul>
    </ChartFrame>
  );
}
