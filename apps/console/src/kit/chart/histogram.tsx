import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { binsOf } from "./bins.ts";
import { ChartFrame } from "./frame.tsx";

/** How often values occur. `format` tells an end of a bar with its unit; `upTo` marks the part that a filter leaves. */
export function Histogram({
  title,
  values,
  format,
  upTo,
  height = 56,
}: {
  readonly title: ReactNode;
  readonly values: readonly number[];
  readonly format: (value: number) => string;
  readonly upTo?: number | undefined;
  readonly height?: number;
}) {
  const { t } = useLingui();
  const bins = binsOf(values);
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const width = 100 / Math.max(1, bins.length);
  const [first] = bins;
  const last = bins.at(-1);
  return (
    <ChartFrame
      title={title}
      data={{
        head: [t`From`, t`To`, t`Count`],
        rows: bins.map((bin) => [format(bin.from), format(bin.to), bin.count]),
      }}
    >
      <svg
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        className="block w-full"
        style={{ height }}
        role="img"
        aria-label={typeof title === "string" ? title : t`Histogram`}
      >
        <path d={`M0 ${height - 0.5}H100`} className="stroke-line" vectorEffect="non-scaling-stroke" />
        {bins.map((bin, index) => {
          const bar = (bin.count / most) * (height - 4);
          const within = upTo === undefined || bin.from <= upTo;
          return (
            <rect
              key={bin.from}
              x={index * width + width * 0.08}
              width={width * 0.84}
              y={height - bar}
              height={bar}
              className={within ? "fill-muted" : "fill-line"}
            />
          );
        })}
      </svg>
      <div className="mt-1 flex justify-between font-mono text-xs text-faint">
        <span>{first === undefined ? "" : format(first.from)}</span>
        <span>{last === undefined || bins.length === 1 ? "" : format(last.to)}</span>
      </div>
    </ChartFrame>
  );
}
