import { i18n } from "@lingui/core";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import { useStore } from "../../app/store.ts";
import { preferences } from "../../shell/preferences.ts";
import type { Series } from "./line-chart.tsx";

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Lines over time, drawn by uPlot on a canvas. Loaded when there is something to draw. */
export default function Plot({
  times,
  series,
  format,
  height,
}: {
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly height: number;
}) {
  const place = useRef<HTMLDivElement>(null);
  const { theme } = useStore(preferences);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme decides the colours, which are read from the page
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const axis = {
      stroke: colour("faint"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { show: false },
      font: "11px Geist Mono, monospace",
    };
    const plot = new uPlot(
      {
        width: element.clientWidth,
        height,
        cursor: { y: false },
        legend: { show: false },
        series: [
          {},
          ...series.map((each) => ({
            label: each.name,
            stroke: colour(each.colour),
            width: 1.5,
            points: { show: false },
          })),
        ],
        axes: [
          {
            ...axis,
            space: 80,
            values: (_: uPlot, seconds: number[]) =>
              seconds.map((each) =>
                i18n.date(new Date(each * 1_000), {
                  hour: "2-digit",
                  minute: "2-digit",
                  second: "2-digit",
                  hourCycle: "h23",
                }),
              ),
          },
          { ...axis, size: 64, space: 28, values: (_: uPlot, values: number[]) => values.map(format) },
        ],
      },
      [times.map((time) => time / 1_000), ...series.map((each) => [...each.values])] as uPlot.AlignedData,
      element,
    );
    const size = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    size.observe(element);
    return () => {
      size.disconnect();
      plot.destroy();
    };
  }, [times, series, format, height, theme]);
  return <div ref={place} style={{ height }} aria-hidden="true" data-mark />;
}
