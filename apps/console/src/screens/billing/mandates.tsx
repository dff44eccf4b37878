import type { Token } from "@corepool/core/money";
import type { Market } from "@corepool/protocol/resources";
import { listMandates } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { useWholeList } from "../../data/whole-list.ts";
import { identity } from "../../identity/identity.ts";
import { Bar } from "../../kit/chart/sparkline.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import { State } from "../../kit/values/state.tsx";
import { useNow } from "../../kit/values/time.tsx";
import { keptMandates } from "../../mandates/kept.ts";
import { BoundsInWords } from "./bounds.tsx";
import { GrantDialog } from "./grant-dialog.tsx";
import { type MandateRow, type MandateView, mandateRows, shareOf } from "./mandate.ts";
import { RevokeDialog } from "./revoke-dialog.tsx";

function MandateState({ state }: { readonly state: MandateRow["state"] }) {
  const { t } = useLingui();
  switch (state) {
    case "granted":
      return <State tone="live">{t`Granted`}</State>;
    case "expired":
      return <State tone="idle">{t`Expired`}</State>;
    case "revoked":
      return <State tone="idle">{t`Taken back`}</State>;
    case "dropped":
      return <State tone="warn">{t`Dropped, not seen revoked on chain`}</State>;
    default:
      return <State tone="warn">{t`Signed, not confirmed`}</State>;
  }
}

function Row({
  row,
  token,
  onRevoke,
}: {
  readonly row: MandateRow;
  readonly token: Token;
  readonly onRevoke: () => void;
}) {
  const { t } = useLingui();
  const { mandate, committed } = row;
  const open = row.state === "granted" || row.state === "unconfirmed" || row.state === "dropped";
  return (
    <li data-mandate={row.key} className="flex flex-col gap-2 border-t border-line py-3 text-sm">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <MandateState state={row.state} />
        <Hash value={row.id ?? row.key} />
        {open ? (
          <Button look="quiet" className="ml-auto" onClick={onRevoke}>
            <Trans>Take back</Trans>
          </Button>
        ) : null}
      </div>
      <BoundsInWords mandate={mandate} providers={row.providers} token={token} />
      {committed === undefined ? (
        <p className="text-warn">
          <Trans>The coordinator has not said that it has this one. It may have: revoke it when in doubt.</Trans>
        </p>
      ) : (
        <div className="grid items-center gap-x-4 gap-y-1 sm:grid-cols-[minmax(8rem,16rem)_auto]">
          <Bar
            share={shareOf(committed, mandate.maxTotal)}
            label={t`Used: ${Math.round(shareOf(committed, mandate.maxTotal) * 100)} %`}
            tone="accent"
          />
          <p className="text-muted">
            <Trans>
              <Money base={committed} token={token} /> of <Money base={mandate.maxTotal} token={token} /> used
            </Trans>
          </p>
        </div>
      )}
    </li>
  );
}

function List({ market }: { readonly market: Market }) {
  const now = useNow();
  const who = useStore(identity);
  const copies = useStore(keptMandates);
  const views = useWholeList<MandateView>(listMandates, {}, { every: 10_000 });
  const [granting, setGranting] = useState(false);
  const [revoking, setRevoking] = useState<MandateRow | undefined>(undefined);
  if (who === undefined) return null;
  const rows = mandateRows(views.rows, copies, who.address, now);
  // One that the coordinator does not list is told in base units, by its address.
  const tokenOf = (address: string): Token =>
    market.tokens.find((each) => each.address.toLowerCase() === address.toLowerCase()) ?? {
      symbol: address,
      decimals: 0,
    };
  return (
    <Section
      title={<Trans>Mandates</Trans>}
      note={<Trans>They let the market's operator order and pay for you, so that nothing of yours has to run.</Trans>}
      actions={
        <Button icon={ICONS.plus} onClick={() => setGranting(true)}>
          <Trans>Grant a mandate</Trans>
        </Button>
      }
    >
      <p className="mb-3 max-w-2xl text-sm text-muted">
        <Trans>
          A mandate is the one thing that trusts the operator: within its bounds he could waste your money, never
          beyond. Without one he can spend nothing of yours.
        </Trans>
      </p>
      {views.error !== null && (views.ready || rows.length > 0) ? <Stale at={views.at} again={views.again} /> : null}
      {views.ready || rows.length > 0 ? (
        rows.length === 0 ? (
          <p className="text-muted">
            <Trans>You have granted nothing.</Trans>
          </p>
        ) : (
          <ul>
            {rows.map((row) => (
              <Row key={row.key} row={row} token={tokenOf(row.mandate.token)} onRevoke={() => setRevoking(row)} />
            ))}
          </ul>
        )
      ) : views.error === null ? (
        <Skeleton className="h-20 w-full" />
      ) : (
        <Failure error={views.error} again={views.again} />
      )}
      {granting ? <GrantDialog market={market} onClose={() => setGranting(false)} /> : null}
      {revoking === undefined ? null : (
        <RevokeDialog row={revoking} market={market} onClose={() => setRevoking(undefined)} />
      )}
    </Section>
  );
}

/** What the operator may sign for the account: grant, look, take back. */
export function Mandates() {
  const market = useRoute(getMarket, {}, { every: 15_000 });
  if (market.data !== undefined) return <List market={market.data} />;
  return market.error === null ? (
    <div className="p-6">
      <Skeleton className="h-20 w-full" />
    </div>
  ) : (
    <Failure error={market.error} again={() => void market.refetch()} />
  );
}
