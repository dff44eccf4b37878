import { formatPrice, type Token } from "@corepool/core/money";
import type { NetworkView } from "@corepool/protocol/resources";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { useRoute } from "../../data/query.ts";
import { ChartFrame } from "../../kit/chart/frame.tsx";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { grouped, Rate } from "../../kit/values/money.tsx";
import { bars } from "./figures.ts";

type OfToken = NetworkView["prices"][number];
const HEIGHT = 64;

function Distribution({ prices, token }: { readonly prices: OfToken; readonly token: Token }) {
  const { t } = useLingui();
  const shown = bars(prices.buckets);
  const width = 100 / Math.max(1, shown.length);
  const hourly = (rate: string): string => `${grouped(formatPrice(BigInt(rate) * 3_600n, token))} ${token.symbol}`;
  return (
    <div className="grid items-start gap-x-10 gap-y-4 md:grid-cols-[minmax(0,1.6fr)_minmax(0,1fr)]">
      <ChartFrame
        title={t`Offers by price per hour in ${token.symbol}`}
        data={{
          head: [t`From`, t`To`, t`Offers`],
          rows: shown.map((each) => [hourly(each.from), each.to === null ? "–" : hourly(each.to), each.offers]),
        }}
      >
        <svg
          viewBox={`0 0 100 ${HEIGHT}`}
          preserveAspectRatio="none"
          className="block w-full"
          height={HEIGHT}
          role="img"
          aria-label={t`Offers by price per hour in ${token.symbol}`}
        >
          <path d={`M0 ${HEIGHT - 0.5}H100`} className="stroke-line" vectorEffect="non-scaling-stroke" />
          {shown.map((each, index) => (
            <rect
              key={each.from}
              x={index * width + width * 0.08}
              width={width * 0.84}
              y={HEIGHT - each.height * (HEIGHT - 4)}
              height={each.height * (HEIGHT - 4)}
              className="fill-muted"
            >
              <title>{`${hourly(each.from)}: ${each.offers}`}</title>
            </rect>
          ))}
        </svg>
        <div className="mt-1 flex justify-between font-mono text-xs text-faint">
          <span>{hourly(prices.lowest)}</span>
          <span>{prices.lowest === prices.highest ? "" : hourly(prices.highest)}</span>
        </div>
      </ChartFrame>
      <Facts
        facts={[
          [t`Offers`, String(prices.offers)],
          [t`Lowest`, <Rate key="l" perSecond={prices.lowest} token={token} />],
          [t`Median`, <Rate key="m" perSecond={prices.median} token={token} />],
          [t`Highest`, <Rate key="h" perSecond={prices.highest} token={token} />],
        ]}
      />
    </div>
  );
}

/** How the prices of open offers are spread, token by token. */
export function Prices({ prices }: { readonly prices: readonly OfToken[] }) {
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const tokens = market.data?.tokens ?? [];
  return (
    <Section
      title={<Trans>Prices</Trans>}
      note={<Trans>Of offers that are open. Units differ in size: compare like with like in the market.</Trans>}
    >
      {prices.length === 0 ? (
        <p className="text-muted">
          <Trans>No offer is open.</Trans>
        </p>
      ) : (
        <div className="flex flex-col gap-6">
          {prices.map((each) => {
            const token = tokens.find((known) => known.address.toLowerCase() === each.token.toLowerCase());
            return token === undefined ? null : <Distribution key={each.token} prices={each} token={token} />;
          })}
        </div>
      )}
    </Section>
  );
}
