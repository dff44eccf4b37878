import { CorepoolError } from "@corepool/core/errors";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { ProblemText } from "../../problems/problem-text.tsx";
import { Ago } from "../values/time.tsx";
import { Button } from "./button.tsx";
import { ICONS, Icon } from "./icon.tsx";

/** Where there is nothing yet: what this place is for, and the one thing that fills it. */
export function Empty({
  title,
  children,
  action,
}: {
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div className="flex max-w-md flex-col items-start gap-2 px-4 py-10 md:px-6">
      <h2 className="font-medium">{title}</h2>
      {children === undefined ? null : <div className="text-muted">{children}</div>}
      {action === undefined ? null : <div className="mt-2">{action}</div>}
    </div>
  );
}

/** A failure in words: what happened, what to do, and the number to quote. */
export function Failure({ error, again }: { readonly error: unknown; readonly again?: () => void }) {
  const { t } = useLingui();
  const known = error instanceof CorepoolError ? error : undefined;
  const request = known?.data["requestId"];
  return (
    <div role="alert" className="flex max-w-xl flex-col items-start gap-2 px-4 py-8 md:px-6">
      <h2 className="flex items-center gap-2 font-medium text-bad">
        <Icon path={ICONS.alert} />
        <Trans>This could not be shown</Trans>
      </h2>
      <ProblemText error={error} />
      <p className="font-mono text-xs text-faint">
        {known?.code ?? t`unexpected`}
        {typeof request === "string" ? ` · ${request}` : ""}
      </p>
      {again === undefined ? null : (
        <Button icon={ICONS.refresh} onClick={again} className="mt-2">
          <Trans>Try again</Trans>
        </Button>
      )}
    </div>
  );
}

/** Said above data that could not be renewed: it is still shown, with its age. */
export function Stale({ at, again }: { readonly at: number; readonly again?: () => void }) {
  return (
    <div role="status" className="flex items-center gap-2 border-b border-line bg-raised px-4 py-1 text-sm text-warn">
      <Icon path={ICONS.alert} />
      <span>
        <Trans>
          Not renewed for <Ago at={at} />
        </Trans>
      </span>
      {again === undefined ? null : (
        <button type="button" onClick={again} className="ml-auto underline underline-offset-2">
          <Trans>Try again</Trans>
        </button>
      )}
    </div>
  );
}

/** A bar of the width of what will stand there. */
export function Skeleton({ className = "h-4 w-24" }: { readonly className?: string }) {
  return <span aria-hidden="true" className={`skeleton inline-block ${className}`} />;
}
