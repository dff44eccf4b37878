import type { ReactNode } from "react";

/** What a state means to whoever looks at it. */
export type Tone = "live" | "info" | "warn" | "bad" | "done" | "idle";

/** A shape for each, so that colour is never the only mark. */
const SHAPES: Readonly<Record<Tone, ReactNode>> = {
  live: <circle cx="5" cy="5" r="4" className="fill-current" />,
  info: (
    <circle cx="5" cy="5" r="3.25" className="fill-none stroke-current" strokeWidth="1.5" strokeDasharray="3 2.1" />
  ),
  warn: <path d="M5 1l4.5 8h-9z" className="fill-current" />,
  bad: <path d="M1 1h8v8H1z" className="fill-current" />,
  done: <path d="M1 5.2l2.8 2.8L9 2" className="fill-none stroke-current" strokeWidth="1.8" />,
  idle: <circle cx="5" cy="5" r="3.25" className="fill-none stroke-current" strokeWidth="1.5" />,
};
const COLOURS: Readonly<Record<Tone, string>> = {
  live: "text-accent",
  info: "text-info",
  warn: "text-warn",
  bad: "text-bad",
  done: "text-muted",
  idle: "text-faint",
};

/** A state: shape, word and colour. */
export function State({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <svg viewBox="0 0 10 10" className={`size-2.5 shrink-0 ${COLOURS[tone]}`} aria-hidden="true">
        {SHAPES[tone]}
      </svg>
      <span>{children}</span>
    </span>
  );
}
