import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { durationText } from "../values/quantities.ts";
import type { Tone } from "../values/state.tsx";
import { ChartFrame } from "./frame.tsx";

/** A stretch of time in one phase. Times in milliseconds since the epoch. */
export interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly tone: Tone;
}

const FILLS: Readonly<Record<Tone, string>> = {
  live: "bg-accent",
  info: "bg-info",
  warn: "bg-warn",
  bad: "bg-bad",
  done: "bg-muted",
  idle: "bg-line hatched",
};

/** Phases one after another, each as wide as it took, with its name and duration below. */
export function Timeline({ title, phases }: { readonly title: ReactNode; readonly phases: readonly Phase[] }) {
  const { t } = useLingui();
  const total = Math.max(
    1,
    phases.reduce((sum, phase) => sum + (phase.to - phase.from), 0),
  );
  return (
    <ChartFrame
      title={title}
      data={{
        head: [t`Phase`, t`Took`],
        rows: phases.map((phase) => [phase.name, durationText(phase.to - phase.from)]),
      }}
    >
      <div className="flex h-3 gap-px overflow-hidden rounded-xs" aria-hidden="true" data-mark>
        {phases.map((phase) => (
          <span
            key={`${phase.name}${phase.from}`}
            className={`min-w-1 ${FILLS[phase.tone]}`}
            style={{ flexGrow: (phase.to - phase.from) / total, flexBasis: 0 }}
          />
        ))}
      </div>
      <ol className="mt-1.5 flex flex-wrap gap-x-4 gap-y-0.5 text-sm">
        {phases.map((phase) => (
          <li key={`${phase.name}${phase.from}`} className="flex items-center gap-1.5">
            <span className={`size-2 rounded-xs ${FILLS[phase.tone]}`} aria-hidden="true" data-mark />
            {phase.name}
            <span className="text-muted tabular-nums">{durationText(phase.to - phase.from)}</span>
          </li>
        ))}
      </ol>
    </ChartFrame>
  );
}
