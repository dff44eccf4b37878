import type { ReactNode } from "react";
import { ChartFrame } from "./frame.tsx";

/** One day of a chart: how high its bar is (for drawing only), what it says, and its row of the table. */
export interface DayBar {
  /** ISO date. */
  readonly day: string;
  readonly value: number;
  /** The value in words, on hover. */
  readonly says: string;
  readonly cells: readonly ReactNode[];
}

/** A bar for each day. `head`: of the table, the day first; `most` names the highest bar. */
export function DayBars({
  title,
  label,
  head,
  days,
  most,
  height = 120,
}: {
  readonly title: ReactNode;
  readonly label: string;
  readonly head: readonly string[];
  readonly days: readonly DayBar[];
  readonly most: string;
  readonly height?: number;
}) {
  const highest = Math.max(...days.map((each) => each.value), 0);
  const width = 100 / Math.max(1, days.length);
  return (
    <ChartFrame title={title} data={{ head, rows: days.map((each) => [each.day, ...each.cells]) }} note={most}>
      <svg
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        className="block w-full"
        height={height}
        role="img"
        aria-label={label}
      >
        <path d={`M0 ${height - 0.5}H100`} className="stroke-line" vectorEffect="non-scaling-stroke" />
        {days.map((each, index) => {
          const bar = highest === 0 ? 0 : Math.max(each.value > 0 ? 1 : 0, (each.value / highest) * (height - 4));
          return (
            <g key={each.day}>
              <title>{`${each.day}: ${each.says}`}</title>
              <rect x={index * width} width={width} y={0} height={height} className="fill-transparent" />
              <rect
                x={index * width + width * 0.1}
                width={width * 0.8}
                y={height - bar}
                height={bar}
                className="fill-accent"
              />
            </g>
          );
        })}
      </svg>
      <div className="mt-1 flex justify-between font-mono text-xs text-faint">
        <span>{days[0]?.day ?? ""}</span>
        <span>{days.length > 1 ? days.at(-1)?.day : ""}</span>
      </div>
    </ChartFrame>
  );
}
