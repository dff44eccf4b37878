import type { LedgerEntry } from "@corepool/protocol/resources";
import { listLedger } from "@corepool/protocol/routes/billing";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { identity } from "../../identity/identity.ts";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import { State } from "../../kit/values/state.tsx";
import { forget, type Sent, sent } from "./sent.ts";

function Standing({ entry }: { readonly entry: LedgerEntry | undefined }) {
  const { t } = useLingui();
  if (entry === undefined) return <State tone="info">{t`In a block, not yet in the ledger`}</State>;
  if (!entry.final) return <State tone="info">{t`In block ${entry.block}, not yet final`}</State>;
  return <State tone="done">{t`Final in block ${entry.block}`}</State>;
}

function Line({ one, entry }: { readonly one: Sent; readonly entry: LedgerEntry | undefined }) {
  const { t } = useLingui();
  return (
    <li data-sent={one.transaction} className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-1.5 text-sm md:px-6">
      <span>
        {one.movement === "deposit" ? (
          <Trans>
            Deposit of <Money base={one.amount} token={one.token} />
          </Trans>
        ) : (
          <Trans>
            Withdrawal of <Money base={one.amount} token={one.token} />
          </Trans>
        )}
      </span>
      <span role="status">
        <Standing entry={entry} />
      </span>
      <Hash value={one.transaction} />
      <Button
        look="quiet"
        icon={ICONS.close}
        aria-label={t`Take from the list`}
        onClick={() => forget(one.transaction)}
        className="ml-auto"
      />
    </li>
  );
}

/** Transactions of this page on their way to finality: as long as one is not final, a re-organisation can undo it. */
export function SentStrip() {
  const who = useStore(identity);
  const mine = useStore(sent).filter(({ account }) => account === who?.address);
  const [final, setFinal] = useState<ReadonlyMap<string, LedgerEntry>>(new Map());
  const open = mine.filter((each) => !final.has(each.transaction));
  const page = useRoute(listLedger, { query: { limit: 50 } }, { enabled: open.length > 0, every: 2_000 });
  const entryOf = (one: Sent): LedgerEntry | undefined =>
    final.get(one.transaction) ?? page.data?.data.find((entry) => entry.transaction === one.transaction);
  const done = open.map(entryOf).filter((entry): entry is LedgerEntry => entry?.final === true);
  if (done.length > 0) setFinal(new Map([...final, ...done.map((entry) => [entry.transaction, entry] as const)]));
  if (mine.length === 0) return null;
  return (
    <ul className="divide-y divide-line border-b border-line bg-raised">
      {mine.map((one) => (
        <Line key={one.transaction} one={one} entry={entryOf(one)} />
      ))}
    </ul>
  );
}
