import { useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { ICONS, Icon } from "../../kit/ui/icon.tsx";

/** `next`: the one to do now. */
export type StepState = "done" | "next" | "later";

/** One step of the list: what it is, whether it is done, and the one thing that does it. */
export function Step({
  name,
  number,
  state,
  title,
  children,
  action,
}: {
  /** For tests and links. */
  readonly name: string;
  readonly number: number;
  readonly state: StepState;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  const { t } = useLingui();
  const mark =
    state === "done"
      ? "border-accent text-accent"
      : state === "next"
        ? "border-text text-text"
        : "border-faint text-faint";
  return (
    <li
      data-step={name}
      data-state={state}
      className="grid grid-cols-[1.75rem_minmax(0,1fr)] gap-x-3 border-b border-line px-4 py-4 md:px-6 last:border-b-0"
      {...(state === "next" ? { "aria-current": "step" as const } : {})}
    >
      <span className={`flex size-7 items-center justify-center rounded-full border text-sm tabular-nums ${mark}`}>
        {state === "done" ? <Icon path={ICONS.check} /> : <span aria-hidden="true">{number}</span>}
        {state === "done" ? <span className="sr-only">{t`Done`}</span> : null}
      </span>
      <div className="flex min-w-0 flex-col items-start gap-2">
        <h2 className={`pt-0.5 font-medium ${state === "later" ? "text-muted" : ""}`}>{title}</h2>
        {children === undefined ? null : (
          <div className="flex w-full flex-col gap-2 text-sm text-muted">{children}</div>
        )}
        {action === undefined || state === "later" ? null : (
          <div className="flex flex-wrap items-center gap-2">{action}</div>
        )}
      </div>
    </li>
  );
}
