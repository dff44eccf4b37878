import { Histogram } from "../../kit/chart/histogram.tsx";
import { LineChart, type Series } from "../../kit/chart/line-chart.tsx";
import { Bar, Sparkline } from "../../kit/chart/sparkline.tsx";
import { Timeline } from "../../kit/chart/timeline.tsx";
import { PageHead, Section } from "../../kit/ui/page.tsx";

const START = Date.parse("2026-01-01T00:00:00Z");
const times = Array.from({ length: 120 }, (_, i) => START + i * 1_000);
const wave = (step: number) => times.map((_, i) => 50 + 40 * Math.sin(i / step));
const series: readonly Series[] = [
  { name: "GPU", colour: "accent", values: wave(9) },
  { name: "Memory", colour: "info", values: wave(17).map((value, i) => (i > 50 && i < 60 ? null : value)) },
];
const percent = (value: number): string => `${value.toFixed(0)} %`;
const prices = Array.from({ length: 500 }, (_, i) => 0.2 + ((i * 7_919) % 997) / 400 + (i % 5 === 0 ? 1 : 0));

export default function ChartGallery() {
  return (
    <>
      <PageHead title="Chart kit" />
      <Section title="Over time">
        <LineChart title="Utilisation" times={times} series={series} format={percent} />
      </Section>
      <Section title="How often">
        <Histogram title="Price per hour" values={prices} format={(value) => `${value} GP`} upTo={2} />
      </Section>
      <Section title="Phases">
        <Timeline
          title="One attempt"
          phases={[
            { name: "Assigned", from: START, to: START + 400, tone: "info" },
            { name: "Preparing", from: START + 400, to: START + 3_000, tone: "info" },
            { name: "Running", from: START + 3_000, to: START + 40_000, tone: "live" },
            { name: "Frozen", from: START + 40_000, to: START + 46_000, tone: "warn" },
            { name: "Collecting", from: START + 46_000, to: START + 48_000, tone: "done" },
          ]}
        />
      </Section>
      <Section title="Marks">
        <div className="flex items-center gap-6">
          <Sparkline values={wave(9)} label="GPU use over two minutes, between 10 and 90 %" />
          <div className="w-40">
            <Bar share={0.62} label="Spent 62 % of the cap" tone="accent" />
          </div>
        </div>
      </Section>
    </>
  );
}
