import { formatAmount, formatPrice, type Token } from "@corepool/core/money";
import { getSpend } from "@corepool/protocol/routes/billing";
import { Trans, useLingui } from "@lingui/react/macro";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useRoute } from "../../data/query.ts";
import { DayBars } from "../../kit/chart/day-bars.tsx";
import { Choice } from "../../kit/form/choice.tsx";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { grouped, Money } from "../../kit/values/money.tsx";
import { sumsOf } from "./attribution.ts";
import { Earned } from "./earned.tsx";
import screen from "./screen.ts";
import type { Fleet } from "./use-fleet.ts";

/** What came in by day, in every token that something came in. */
export function Earnings({ fleet, account }: { readonly fleet: Fleet; readonly account: `0x${string}` }) {
  const { t } = useLingui();
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const days = Number(search.days ?? "30");
  const spend = useRoute(getSpend, { query: { days } }, { every: 15_000 });
  const all = sumsOf(fleet.earnings.rows);
  const elsewhere = fleet.earned.get("");
  const payTo = [...new Set(fleet.rows.flatMap((row) => row.payTo))];
  // The market's first token stands in for a fleet that has not earned yet.
  const earning = spend.data?.tokens.filter((each) => all.has(each.token.toLowerCase())) ?? [];
  const charts = earning.length > 0 ? earning : (spend.data?.tokens.slice(0, 1) ?? []);
  return (
    <Section
      title={<Trans>Earnings</Trans>}
      note={<Trans>What leases paid, after the market's fee. It is cash in the market, yours to withdraw.</Trans>}
    >
      <div className="mb-4">
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
      <div className="grid items-start gap-x-10 gap-y-4 lg:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          {spend.data === undefined ? (
            spend.error === null ? (
              <Skeleton className="h-32 w-full" />
            ) : (
              <Failure error={spend.error} again={() => void spend.refetch()} />
            )
          ) : (
            charts.map((each) => {
              const token = fleet.tokenOf(each.token);
              return token === undefined ? null : <Chart key={each.token} days={each.days} token={token} />;
            })
          )}
        </div>
        <Facts
          facts={[
            [
              t`Earned in all`,
              <span key="a" data-earned>
                {fleet.earnings.cut ? <Trans>at least</Trans> : null} <Earned sums={all} tokenOf={fleet.tokenOf} />
              </span>,
            ],
            ...(elsewhere === undefined
              ? []
              : [
                  [
                    t`Of it by machines that are gone`,
                    <Earned key="e" sums={elsewhere} tokenOf={fleet.tokenOf} />,
                  ] as const,
                ]),
            [t`Payments`, String(fleet.earnings.rows.length)],
            [
              t`Paid to`,
              payTo.length === 0 ? (
                t`no offer is open`
              ) : (
                <span key="p" className="flex flex-col">
                  {payTo.map((each) => (
                    <span key={each}>
                      <AddressView address={each} />{" "}
                      {each.toLowerCase() === account.toLowerCase() ? (
                        <Trans>(this account)</Trans>
                      ) : (
                        <Trans>(another account: its earnings are not shown here)</Trans>
                      )}
                    </span>
                  ))}
                </span>
              ),
            ],
          ]}
        />
      </div>
    </Section>
  );
}

function Chart({
  days,
  token,
}: {
  readonly days: readonly { readonly day: string; readonly earned: string }[];
  readonly token: Token;
}) {
  const { t } = useLingui();
  const most = days.reduce((top, day) => (BigInt(day.earned) > top ? BigInt(day.earned) : top), 0n);
  const text = (base: bigint): string => `${grouped(formatPrice(base, token))} ${token.symbol}`;
  return (
    <DayBars
      title={t`Earned per day in ${token.symbol} (UTC)`}
      label={t`Earned per day in ${token.symbol}, the last ${days.length} days`}
      head={[t`Day`, t`Earned`]}
      most={most === 0n ? "" : t`highest ${text(most)}`}
      days={days.map((day) => ({
        day: day.day,
        value: Number(formatAmount(BigInt(day.earned), token)),
        says: text(BigInt(day.earned)),
        cells: [<Money key="e" base={day.earned} token={token} exact />],
      }))}
    />
  );
}
