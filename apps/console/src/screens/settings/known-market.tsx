import type { Address } from "@corepool/core/hex";
import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { useStore } from "../../app/store.ts";
import { knownMarket, sameMarket, told, trustMarket } from "../../data/known-market.ts";
import { useRoute } from "../../data/query.ts";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { State } from "../../kit/values/state.tsx";

/** Which contract money goes to, as the coordinator says it now and as this browser knows it. */
export function KnownMarketSection() {
  const { t } = useLingui();
  const { data: market, error, refetch } = useRoute(getMarket, {});
  const known = useStore(knownMarket);
  const [trusting, setTrusting] = useState(false);
  if (market === undefined)
    return (
      <Section title={<Trans>The market</Trans>}>
        {error === null ? <Skeleton className="h-16 w-full" /> : <Failure error={error} again={() => void refetch()} />}
      </Section>
    );
  const same = known === undefined || sameMarket(known, told(market));
  return (
    <Section
      title={<Trans>The market</Trans>}
      note={
        <Trans>
          Where money goes. This browser holds the coordinator to what it said when you signed for it first.
        </Trans>
      }
    >
      <div className="flex flex-col items-start gap-3" data-known-market={same ? "same" : "other"}>
        <Facts
          facts={[
            [t`Chain`, String(market.chainId)],
            [t`Contract`, <AddressView key="c" address={market.contracts.leaseMarket} />],
            ...market.tokens.map(
              (token) => [token.symbol, <AddressView key={token.address} address={token.address} />] as const,
            ),
          ]}
        />
        {same ? (
          <State tone={known === undefined ? "info" : "done"}>
            {known === undefined ? t`Nothing was signed for it from here yet` : t`As you know it`}
          </State>
        ) : (
          <>
            <State tone="bad">{t`Not the market that this browser knows`}</State>
            <p className="text-sm text-muted">
              <Trans>
                It was <AddressView address={known.leaseMarket as Address} /> on chain {known.chainId}. Until you trust
                the new one, nothing is signed for it from here.
              </Trans>
            </p>
            <Button onClick={() => setTrusting(true)}>
              <Trans>Trust the new one</Trans>
            </Button>
          </>
        )}
      </div>
      {trusting ? (
        <EffectsDialog
          title={<Trans>Trust another market?</Trans>}
          danger
          confirm={<Trans>Trust it</Trans>}
          effects={{
            money: (
              <Trans>
                From now on deposits and orders go to the new contract. A false one keeps everything that is paid into
                it.
              </Trans>
            ),
            data: <Trans>What this browser knew of the old one is forgotten. Keys and mandates stay.</Trans>,
            time: <Trans>At once. Ask the operator first, in another way than through this page.</Trans>,
          }}
          run={async () => trustMarket(market)}
          onClose={() => setTrusting(false)}
        />
      ) : null}
    </Section>
  );
}
