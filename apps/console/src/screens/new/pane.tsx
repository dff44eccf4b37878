import { type ReactNode, useId } from "react";

/** One of the three panes. */
export function Pane({
  title,
  children,
  actions,
}: {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="flex min-w-0 flex-col gap-4 border-b border-line px-4 py-4 md:px-6 xl:border-b-0 xl:border-l xl:first:border-l-0"
    >
      <div className="flex min-h-8 items-center justify-between gap-3">
        <h2 id={id} className="font-medium">
          {title}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
