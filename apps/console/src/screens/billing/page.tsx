import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { identity } from "../../identity/identity.ts";
import { Choice } from "../../kit/form/choice.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty, Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { show } from "../../shell/layers.ts";
import { Balances } from "./balances.tsx";
import { Caps } from "./caps.tsx";
import { Ledger } from "./ledger.tsx";
import { Mandates } from "./mandates.tsx";
import screen from "./screen.ts";
import { SentStrip } from "./sent-strip.tsx";
import { Spending } from "./spending.tsx";

/** Money in sight of its owner. Everything here comes from the chain's events; the transactions are named. */
export default function BillingPage() {
  const { t } = useLingui();
  const who = useStore(identity);
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const part = search.part ?? "money";
  return (
    <div className="flex h-full min-h-0 flex-col low:h-auto">
      <PageHead
        title={<Trans>Billing</Trans>}
        actions={
          who === undefined ? undefined : (
            <Choice
              label={t`Show`}
              value={part}
              options={[
                ["money", t`Overview`],
                ["ledger", t`Ledger`],
                ["mandates", t`Mandates`],
              ]}
              onChange={(next) =>
                setSearch(
                  { part: next === "money" ? undefined : next, open: undefined, q: undefined, sort: undefined },
                  { push: true },
                )
              }
            />
          )
        }
      >
        <Trans>
          Your money lies in the market's contract. Only leases that you signed can spend it, and you can take it out at
          any time.
        </Trans>
      </PageHead>
      {who === undefined ? (
        <Empty
          title={<Trans>Whose money?</Trans>}
          action={
            <Button look="primary" icon={ICONS.user} onClick={() => show("sign-in")}>
              <Trans>Sign in</Trans>
            </Button>
          }
        >
          <Trans>Sign in to see balances, spending and the ledger of your account.</Trans>
        </Empty>
      ) : (
        <>
          <SentStrip />
          {part === "ledger" ? <Ledger /> : part === "mandates" ? <Mandates /> : <Money />}
        </>
      )}
    </div>
  );
}

function Money() {
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const account = useRoute(getAccount, {}, { every: 10_000 });
  const failed = account.error ?? market.error;
  if (account.data === undefined || market.data === undefined)
    return failed === null ? (
      <div className="p-6">
        <Skeleton className="h-24 w-full" />
      </div>
    ) : (
      <Failure error={failed} again={() => void Promise.all([account.refetch(), market.refetch()])} />
    );
  return (
    <div>
      {account.error === null ? null : <Stale at={account.dataUpdatedAt} again={() => void account.refetch()} />}
      <Balances account={account.data} market={market.data} />
      <Spending account={account.data} />
      <Caps market={market.data} />
    </div>
  );
}
