import type { Token } from "@corepool/core/money";
import type { LedgerEntry } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { Section } from "../../kit/ui/page.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import { State } from "../../kit/values/state.tsx";
import { Time } from "../../kit/values/time.tsx";
import { sumsOf } from "../provider/attribution.ts";
import { Earned } from "../provider/earned.tsx";
import { type FleetRow, larger, ownEarned } from "../provider/fleet.ts";

const SHOWN = 50;
const CELL = "border-b border-line px-2 py-1.5 first:pl-0 text-left";

type TokenOf = (address: string) => Token | undefined;

function Row({ entry, token }: { readonly entry: LedgerEntry; readonly token: Token | undefined }) {
  const { t } = useLingui();
  return (
    <tr data-payment={entry.transaction}>
      <td className={CELL}>
        <Time at={entry.at} />
      </td>
      <td className={`${CELL} text-right`}>
        {token === undefined ? entry.cash : <Money base={entry.cash} token={token} />}
      </td>
      <td className={CELL}>{entry.lease === null ? "–" : <Hash value={entry.lease} />}</td>
      <td className={CELL}>
        <Hash value={entry.transaction} />
      </td>
      <td className={CELL}>
        {entry.final ? <State tone="done">{t`Final`}</State> : <State tone="info">{t`In a block`}</State>}
      </td>
    </tr>
  );
}

/** What leases of the machine have paid to the account, newest first: the history that there is. */
export function History({
  row,
  entries,
  tokenOf,
}: {
  readonly row: FleetRow;
  readonly entries: readonly LedgerEntry[];
  readonly tokenOf: TokenOf;
}) {
  const { t } = useLingui();
  return (
    <Section
      title={<Trans>Payments</Trans>}
      note={
        <Trans>
          To this account, by leases of this machine. Checks by nodes do not exist yet, so there is no other history.
        </Trans>
      }
    >
      <p className="mb-3 text-sm" data-earned>
        <Trans>
          Earned in all: <Earned sums={larger(sumsOf(entries), ownEarned(row, ""))} tokenOf={tokenOf} />
        </Trans>
      </p>
      {entries.length === 0 ? (
        <p className="text-muted">
          <Trans>No lease of this machine has paid this account yet.</Trans>
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="scroll-thin relative overflow-x-auto" tabIndex={0} aria-label={t`Payments`}>
          <table className="w-full text-sm">
            <thead>
              <tr className="text-muted">
                {[t`Time`, t`Earned`, t`Lease`, t`Transaction`, t`State`].map((name, index) => (
                  <th key={name} scope="col" className={`${CELL} font-normal ${index === 1 ? "!text-right" : ""}`}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {entries.slice(0, SHOWN).map((entry) => (
                <Row key={entry.id} entry={entry} token={tokenOf(entry.token)} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {entries.length > SHOWN ? (
        <p className="mt-2 text-sm text-muted">
          <Trans>
            The newest {SHOWN} of {entries.length}.
          </Trans>
        </p>
      ) : null}
    </Section>
  );
}
