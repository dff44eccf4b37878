import { formatAmount, formatPrice } from "@corepool/core/money";
import type { AccountView, SpendView } from "@corepool/protocol/resources";
import { getSpend } from "@corepool/protocol/routes/billing";
import { Trans, useLingui } from "@lingui/react/macro";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useRoute } from "../../data/query.ts";
import { DayBars } from "../../kit/chart/day-bars.tsx";
import { Choice } from "../../kit/form/choice.tsx";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { grouped, Money, Rate } from "../../kit/values/money.tsx";
import { Duration, Time, useNow } from "../../kit/values/time.tsx";
import screen from "./screen.ts";

type Spend = SpendView["tokens"][number];
type Balance = AccountView["balances"][number];

/** When cash and escrow are used up, if everything that runs goes on. */
function RunsOut({ seconds }: { readonly seconds: number | null }) {
  const now = useNow();
  if (seconds === null) return <Trans>Nothing runs now, so nothing is used up.</Trans>;
  // A hundred years is the forecast's own limit.
  if (seconds >= 3_155_760_000) return <Trans>Not within a hundred years.</Trans>;
  // To the minute: the forecast is no better than that, and the line would flicker.
  const at = Math.ceil((now + seconds * 1_000) / 60_000) * 60_000;
  return (
    <Trans>
      In <Duration ms={seconds * 1_000} />, about <Time at={at} />
    </Trans>
  );
}

function OfToken({
  spend,
  balance,
  days,
}: {
  readonly spend: Spend;
  readonly balance: Balance;
  readonly days: number;
}) {
  const { t } = useLingui();
  const { forecast } = spend;
  const total = spend.days.reduce((sum, day) => sum + BigInt(day.spent), 0n);
  const fees = spend.days.reduce((sum, day) => sum + BigInt(day.fee), 0n);
  const most = spend.days.reduce((top, day) => (BigInt(day.spent) > top ? BigInt(day.spent) : top), 0n);
  const text = (base: bigint): string => `${grouped(formatPrice(base, balance))} ${balance.symbol}`;
  return (
    <div className="grid items-start gap-x-10 gap-y-4 lg:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)]">
      <DayBars
        title={t`Spent per day (UTC)`}
        label={t`Spent per day, the last ${days} days`}
        head={[t`Day`, t`Spent`, t`Market fees`]}
        most={most === 0n ? "" : t`highest ${text(most)}`}
        days={spend.days.map((day) => ({
          day: day.day,
          value: Number(formatAmount(BigInt(day.spent), balance)),
          says: text(BigInt(day.spent)),
          cells: [
            <Money key="s" base={day.spent} token={balance} exact />,
            <Money key="f" base={day.fee} token={balance} exact />,
          ],
        }))}
      />
      <Facts
        facts={[
          [t`In these days`, <Money key="a" base={total} token={balance} />],
          [t`Market fees`, <Money key="f" base={fees} token={balance} />],
          [t`Open leases cost now`, <Rate key="r" perSecond={spend.rate} token={balance} />],
          [t`An average day`, <Money key="d" base={forecast.averageDay} token={balance} />],
          [t`The next 30 days, going on so`, <Money key="n" base={forecast.nextThirtyDays} token={balance} />],
          [t`Cash and escrow run out`, <RunsOut key="o" seconds={forecast.runsOutSeconds} />],
        ]}
      />
    </div>
  );
}

/** What was spent by day, and where that leads. */
export function Spending({ account }: { readonly account: AccountView }) {
  const { t } = useLingui();
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const days = Number(search.days ?? "30");
  const spend = useRoute(getSpend, { query: { days } }, { every: 15_000 });
  const spent = spend.data?.tokens ?? [];
  const token = search.token ?? account.balances[0]?.token;
  const balance = account.balances.find((each) => each.token.toLowerCase() === token?.toLowerCase());
  const chosen = spent.find((each) => each.token.toLowerCase() === token?.toLowerCase());
  return (
    <Section title={<Trans>Spending</Trans>}>
      <div className="mb-4 flex flex-wrap gap-x-6 gap-y-3">
        {account.balances.length > 1 ? (
          <Choice
            label={t`Token`}
            value={balance?.token ?? ""}
            options={account.balances.map((each) => [each.token, each.symbol])}
            onChange={(next) => setSearch({ token: next === account.balances[0]?.token ? undefined : next })}
          />
        ) : null}
        <Choice
          label={t`Period`}
          value={search.days ?? "30"}
          options={[
            ["7", t`7 days`],
            ["30", t`30 days`],
            ["90", t`90 days`],
          ]}
          onChange={(next) => setSearch({ days: next === "30" ? undefined : next })}
        />
      </div>
      {spend.error !== null && spend.data !== undefined ? (
        <Stale at={spend.dataUpdatedAt} again={() => void spend.refetch()} />
      ) : null}
      {spend.data === undefined ? (
        spend.error === null ? (
          <Skeleton className="h-32 w-full" />
        ) : (
          <Failure error={spend.error} again={() => void spend.refetch()} />
        )
      ) : balance === undefined || chosen === undefined ? (
        <p className="text-muted">
          <Trans>Nothing has been spent or earned in this token.</Trans>
        </p>
      ) : (
        <OfToken spend={chosen} balance={balance} days={days} />
      )}
      {spend.data?.completeSince == null ? null : (
        <p className="mt-3 text-sm text-warn">
          <Trans>
            The coordinator follows the ledger since <Time at={spend.data.completeSince} />; what was before is not in
            these figures.
          </Trans>
        </p>
      )}
    </Section>
  );
}
