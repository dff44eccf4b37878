import type { ReactNode } from "react";

/** The head of a screen: its title, a line that says what it is, and what can be done with all of it. */
export function PageHead({
  title,
  children,
  actions,
}: {
  readonly title: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <header className="flex flex-wrap items-end gap-x-4 gap-y-2 border-b border-line px-4 py-3 md:px-6">
      <div className="min-w-0 flex-1 basis-64">
        <h1 className="text-lg font-semibold tracking-tight outline-none" tabIndex={-1} data-page-title>
          {title}
        </h1>
        {children === undefined ? null : <p className="text-sm text-muted">{children}</p>}
      </div>
      {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}

/** A part of a screen under a heading of its own. */
export function Section({
  title,
  children,
  actions,
  note,
}: {
  readonly title: ReactNode;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
  readonly note?: ReactNode;
}) {
  return (
    <section className="border-b border-line px-4 py-5 md:px-6">
      <div className="mb-3 flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h2 className="font-medium">{title}</h2>
        {note === undefined ? null : <p className="text-sm text-muted">{note}</p>}
        {actions === undefined ? null : <div className="ml-auto flex gap-2">{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** Names and values, one a line. */
export function Facts({ facts }: { readonly facts: readonly (readonly [ReactNode, ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-[minmax(6.5rem,max-content)_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm phone:grid-cols-[fit-content(45%)_minmax(0,1fr)]">
      {facts.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list is written down, it never reorders
        <div key={index} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="min-w-0 break-words phone:wrap-anywhere phone:**:whitespace-normal">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
