import { formatAmount, type Token } from "@corepool/core/money";
import type { OfferView } from "@corepool/protocol/resources";
import { getMarket, listOffers } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, Suspense, useMemo } from "react";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useRoute } from "../../data/query.ts";
import { useWholeList } from "../../data/whole-list.ts";
import { Table } from "../../kit/table/table.tsx";
import { Inspector } from "../../kit/ui/inspector.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty } from "../../kit/ui/states.tsx";
import { useOfferColumns } from "./columns.tsx";
import { filterOffers, gpuModels } from "./filter.ts";
import { Filters } from "./filters.tsx";
import screen from "./screen.ts";

const Histogram = lazy(async () => ({ default: (await import("../../kit/chart/histogram.tsx")).Histogram }));
const OfferDetail = lazy(() => import("./offer-detail.tsx"));
const NO_TOKENS: never[] = [];
const idOf = (offer: OfferView): string => offer.id;

/** Whole tokens an hour, for drawing only. */
function hourly(offer: OfferView, token: Token | undefined): number {
  return token === undefined ? Number.NaN : Number(formatAmount(BigInt(offer.signed.offer.rate) * 3_600n, token));
}

/** The market: offers that are open, their prices, and what each is made of. */
export default function MarketPage() {
  const { t, i18n } = useLingui();
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const tokens = market.data?.tokens ?? NO_TOKENS;
  const offers = useWholeList<OfferView>(listOffers, {}, { every: 10_000 });
  const tokenOf = useMemo(() => {
    const known = new Map(tokens.map((token) => [token.address.toLowerCase(), token]));
    return (address: string): Token | undefined => known.get(address.toLowerCase());
  }, [tokens]);
  // Prices in several tokens do not stand on one scale: with none chosen, the market's first one is shown.
  const token = search.token ?? tokens[0]?.address;
  const { gpu, cpus, memory, max, free } = search;
  const shown = useMemo(
    () => filterOffers(offers.rows, { gpu, cpus, memory, max, free, token }, tokenOf),
    [offers.rows, gpu, cpus, memory, max, free, token, tokenOf],
  );
  const priced = useMemo(
    () =>
      filterOffers(offers.rows, { gpu, cpus, memory, free, token }, tokenOf).map((each) =>
        hourly(each, tokenOf(each.signed.offer.token)),
      ),
    [offers.rows, gpu, cpus, memory, free, token, tokenOf],
  );
  const columns = useOfferColumns(tokenOf);
  const open = search.open === undefined ? undefined : offers.rows.find((each) => each.id === search.open);
  const symbol = token === undefined ? "" : (tokenOf(token)?.symbol ?? "");
  const number = (value: number): string => `${i18n.number(value, { maximumSignificantDigits: 3 })} ${symbol}`;
  const models = useMemo(() => gpuModels(offers.rows), [offers.rows]);

  return (
    <div className="flex h-full min-h-0 flex-col low:h-auto">
      <PageHead title={<Trans>Market</Trans>}>
        <Trans>
          Offers signed by their providers. You pay by the second, from escrow, and what is not used comes back.
        </Trans>
      </PageHead>
      <div className="flex min-h-0 flex-1">
        <div className="flex min-w-0 flex-1 flex-col">
          <div className="grid shrink-0 gap-x-8 gap-y-3 border-b border-line px-4 py-3 md:grid-cols-[minmax(0,1fr)_20rem] md:px-6">
            <Filters search={search} setSearch={setSearch} models={models} tokens={tokens} token={token} />
            <div className="min-h-22 phone:hidden">
              <Suspense fallback={null}>
                <Histogram
                  title={t`Price per hour`}
                  values={priced}
                  format={number}
                  upTo={max === undefined ? undefined : Number(max)}
                  height={44}
                />
              </Suspense>
            </div>
          </div>
          <div className="min-h-0 flex-1">
            <Table
              id="market"
              label={t`Offers`}
              data={{ ...offers, rows: shown }}
              columns={columns}
              rowId={idOf}
              search={search}
              setSearch={setSearch as (patch: Readonly<Record<string, unknown>>) => void}
              onOpen={(offer) => setSearch({ open: search.open === offer.id ? undefined : offer.id })}
              filters={null}
              empty={
                offers.rows.length === 0 ? (
                  <Empty title={<Trans>No offers yet</Trans>}>
                    <Trans>As soon as a provider connects a machine, its offers stand here.</Trans>
                  </Empty>
                ) : (
                  <Empty title={<Trans>No offer fits these filters</Trans>}>
                    <Trans>
                      {offers.rows.length} offers are listed in all. Loosen a filter, or look at those that are taken
                      now.
                    </Trans>
                  </Empty>
                )
              }
            />
          </div>
        </div>
        {open === undefined ? null : (
          <Inspector title={t`Offer`} onClose={() => setSearch({ open: undefined })}>
            <Suspense fallback={null}>
              <OfferDetail offer={open} token={tokenOf(open.signed.offer.token)} />
            </Suspense>
          </Inspector>
        )}
      </div>
    </div>
  );
}
