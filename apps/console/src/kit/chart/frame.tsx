import { Trans } from "@lingui/react/macro";
import { type ReactNode, useId, useState } from "react";
import { Button } from "../ui/button.tsx";
import { ICONS } from "../ui/icon.tsx";

/** What a chart shows, as a table: headers, then rows. */
export interface ChartData {
  readonly head: readonly string[];
  readonly rows: readonly (readonly ReactNode[])[];
}

/** Around every chart: its name, the chart, and its data as a table for whoever would rather read it. */
export function ChartFrame({
  title,
  data,
  children,
  note,
}: {
  readonly title: ReactNode;
  readonly data: ChartData;
  readonly children: ReactNode;
  readonly note?: ReactNode;
}) {
  const [asTable, setAsTable] = useState(false);
  const id = useId();
  return (
    <figure className="min-w-0" aria-labelledby={id}>
      <figcaption className="mb-1 flex items-center gap-2">
        <span id={id} className="text-sm text-muted">
          {title}
        </span>
        {note === undefined ? null : <span className="text-sm text-faint">{note}</span>}
        <Button
          look="quiet"
          icon={ICONS.table}
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
          className="ml-auto !min-h-6 !px-1.5 text-xs"
        >
          {asTable ? <Trans>As a chart</Trans> : <Trans>As a table</Trans>}
        </Button>
      </figcaption>
      {asTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="scroll-thin max-h-64 overflow-auto" tabIndex={0} aria-labelledby={id}>
          <table className="w-full text-sm">
            <thead>
              <tr>
                {data.head.map((name) => (
                  <th
                    key={name}
                    scope="col"
                    className="border-b border-line px-2 py-1 text-left font-normal text-muted"
                  >
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the rows of a chart have no other name than their place
                <tr key={index}>
                  {row.map((cell, column) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: nor have its cells
                    <td key={column} className="border-b border-line px-2 py-1 font-mono tabular-nums">
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : (
        children
      )}
    </figure>
  );
}
