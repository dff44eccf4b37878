import { Trans, useLingui } from "@lingui/react/macro";
import { inWords } from "../app/messages.ts";
import { SCREENS } from "../app/screens.ts";
import { Dialog } from "../kit/ui/dialog.tsx";

function Keys({ title, rows }: { readonly title: string; readonly rows: readonly (readonly [string, string])[] }) {
  return (
    <section className="px-4 py-3">
      <h3 className="mb-1 text-sm text-muted">{title}</h3>
      <dl className="grid grid-cols-[1fr_auto] gap-y-1 text-sm">
        {rows.map(([keys, what]) => (
          <div key={keys} className="contents">
            <dt>{what}</dt>
            <dd>
              {keys.split(" ").map((key) => (
                <kbd key={key} className="ml-1 rounded border border-line bg-raised px-1.5 py-0.5 font-mono text-xs">
                  {key}
                </kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** The map of the keyboard. */
export default function KeysDialog({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLingui();
  const screens = SCREENS.flatMap(({ screen }) =>
    screen.goKey === undefined ? [] : [[`g ${screen.goKey}`, inWords(screen.title)] as const],
  );
  return (
    <Dialog title={<Trans>Keyboard</Trans>} onClose={onClose}>
      <Keys
        title={t`Everywhere`}
        rows={[
          ["⌘K", t`Go to, search, run`],
          ["?", t`This map`],
          ["Esc", t`Close what lies above the page`],
        ]}
      />
      <Keys title={t`Go to`} rows={screens} />
      <Keys
        title={t`In a table`}
        rows={[
          ["j", t`Next row`],
          ["k", t`Previous row`],
          ["x", t`Select the row`],
          ["Enter", t`Open the row`],
          ["/", t`Search in the table`],
        ]}
      />
    </Dialog>
  );
}
