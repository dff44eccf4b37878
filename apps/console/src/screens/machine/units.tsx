import type { Market, OfferView } from "@corepool/protocol/resources";
import type { UnitSpec } from "@corepool/protocol/spec";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { yamlText } from "../../kit/form/copy-as.ts";
import { CopyAs } from "../../kit/form/copy-as-button.tsx";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { Skeleton } from "../../kit/ui/states.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { bytesText, durationText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Ago } from "../../kit/values/time.tsx";
import type { FleetRow } from "../provider/fleet.ts";

/** Whether the provider's signature is under these very terms: checked in this page, not believed. */
function Signature({ offer, market }: { readonly offer: OfferView; readonly market: Market }) {
  const { t } = useLingui();
  const checked = useQuery({
    queryKey: ["signature", offer.id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const { signedByProvider } = await import("@corepool/sdk/offers");
      return signedByProvider({ chainId: market.chainId, market: market.contracts.leaseMarket }, offer.signed);
    },
  });
  if (checked.data === undefined) return <Skeleton className="h-4 w-24" />;
  return checked.data ? (
    <State tone="done">{t`Checked here`}</State>
  ) : (
    <State tone="bad">{t`Not its provider's`}</State>
  );
}

function Offer({ offer, market }: { readonly offer: OfferView; readonly market: Market }) {
  const { t } = useLingui();
  const { offer: terms, spec } = offer.signed;
  const token = market.tokens.find((each) => each.address.toLowerCase() === terms.token.toLowerCase());
  return (
    <div data-offer={offer.id} className="mt-3 border-l-2 border-line pl-4">
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1">
        <span>{token === undefined ? terms.rate : <Rate perSecond={terms.rate} token={token} />}</span>
        <span className="ml-auto">
          <CopyAs same={{ yaml: yamlText(offer.signed) }} />
        </span>
      </div>
      <Facts
        facts={[
          [t`Lease`, t`${durationText(terms.minSeconds * 1_000)} to ${durationText(terms.maxSeconds * 1_000)}`],
          [
            t`Paid every`,
            t`${durationText(spec.intervalSeconds * 1_000)}, with a grace of ${durationText(terms.grace * 1_000)}`,
          ],
          [t`Held when unpaid`, durationText(spec.holdSeconds * 1_000)],
          [
            t`Ends`,
            <Trans key="e">
              <Ago at={terms.expiry} />; the agent renews it
            </Trans>,
          ],
          [t`Signature`, <Signature key="g" offer={offer} market={market} />],
          [t`Offer`, <Hash key="o" value={offer.id} />],
        ]}
      />
    </div>
  );
}

function Unit({
  unit,
  offers,
  market,
}: {
  readonly unit: UnitSpec;
  readonly offers: readonly OfferView[];
  readonly market: Market;
}) {
  const { t } = useLingui();
  const taken = offers.some((each) => each.busy);
  const { cpus, memoryBytes, diskBytes, gpus } = unit.resources;
  return (
    <li data-unit={unit.unit} className="border-t border-line py-3 text-sm">
      <div className="flex flex-wrap items-baseline gap-x-4 gap-y-1">
        <h3 className="font-medium">
          <Trans>Unit {String(unit.unit)}</Trans>
        </h3>
        {offers.length === 0 ? (
          <State tone="idle">{t`Not offered`}</State>
        ) : taken ? (
          <State tone="info">{t`Taken`}</State>
        ) : (
          <State tone="live">{t`Free`}</State>
        )}
        <span className="text-muted">
          {[
            t`CPUs: ${cpus}`,
            t`${bytesText(memoryBytes)} memory`,
            t`${bytesText(diskBytes)} disk`,
            ...gpus.map((gpu) => gpu.model),
          ].join(" · ")}
        </span>
      </div>
      <p className="font-mono text-xs text-faint">{unit.devices.join(" ")}</p>
      {offers.map((each) => (
        <Offer key={each.id} offer={each} market={market} />
      ))}
    </li>
  );
}

/** What can be leased of the machine, and the offers that its provider has signed for it. */
export function Units({
  row,
  market,
  ready,
}: {
  readonly row: FleetRow;
  readonly market: Market;
  readonly ready: boolean;
}) {
  const { units } = row.machine;
  return (
    <Section
      title={<Trans>Units and signed offers</Trans>}
      note={
        <Trans>
          {row.leased} of {units.length} are taken now. Units that share a device are never leased at once.
        </Trans>
      }
    >
      {ready ? (
        <ul>
          {units.map((unit) => (
            <Unit
              key={unit.unit}
              unit={unit}
              offers={row.offers.filter((each) => each.signed.offer.unit === String(unit.unit))}
              market={market}
            />
          ))}
        </ul>
      ) : (
        <Skeleton className="h-24 w-full" />
      )}
    </Section>
  );
}
