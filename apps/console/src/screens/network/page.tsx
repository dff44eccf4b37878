import type { NetworkView } from "@corepool/protocol/resources";
import { getMarket, getNetwork } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { useRoute } from "../../data/query.ts";
import { Bar } from "../../kit/chart/sparkline.tsx";
import { Facts, PageHead, Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Ago, useNow } from "../../kit/values/time.tsx";
import { followerState, share } from "./figures.ts";
import { Prices } from "./prices.tsx";

function Figure({
  name,
  children,
  note,
  of,
}: {
  readonly name: ReactNode;
  readonly children: ReactNode;
  readonly note?: ReactNode;
  readonly of?: { readonly share: number; readonly label: string };
}) {
  return (
    <div className="min-w-0">
      <dt className="text-sm text-muted">{name}</dt>
      <dd>
        <p className="text-lg tabular-nums">{children}</p>
        {of === undefined ? null : (
          <div className="my-1 max-w-48">
            <Bar share={of.share} label={of.label} tone="accent" />
          </div>
        )}
        {note === undefined ? null : <p className="text-xs text-faint">{note}</p>}
      </dd>
    </div>
  );
}

function Supply({ network }: { readonly network: NetworkView }) {
  const { t } = useLingui();
  const { machines, supply, leased, offers, demand, gpuModels } = network;
  const used = (part: number, whole: number) => {
    const value = share(part, whole);
    return { share: value, label: t`Leased: ${Math.round(value * 100)} %` };
  };
  return (
    <Section title={<Trans>Supply and demand</Trans>}>
      <dl className="grid grid-cols-2 gap-x-8 gap-y-5 md:grid-cols-4">
        <Figure
          name={<Trans>Machines online</Trans>}
          note={
            <Trans>
              of {machines.total} known; providers: {machines.providers}
            </Trans>
          }
        >
          <span data-figure="machines">{machines.online}</span>
        </Figure>
        <Figure name={<Trans>CPUs leased</Trans>} of={used(leased.cpus, supply.cpus)}>
          <span data-figure="cpus">
            {leased.cpus} / {supply.cpus}
          </span>
        </Figure>
        <Figure name={<Trans>Memory leased</Trans>} of={used(leased.memoryBytes, supply.memoryBytes)}>
          {leased.memoryBytes === 0 ? "0" : bytesText(leased.memoryBytes)} / {bytesText(supply.memoryBytes)}
        </Figure>
        <Figure
          name={<Trans>GPUs leased</Trans>}
          of={used(leased.gpus, supply.gpus)}
          note={
            gpuModels.length === 0 ? (
              <Trans>no GPU is online</Trans>
            ) : (
              gpuModels.map(({ model, count }) => `${count} × ${model}`).join(" · ")
            )
          }
        >
          {leased.gpus} / {supply.gpus}
        </Figure>
        <Figure name={<Trans>Open offers</Trans>} note={<Trans>{offers.free} can be taken now</Trans>}>
          <span data-figure="offers">{offers.open}</span>
        </Figure>
        <Figure name={<Trans>Workloads waiting</Trans>} note={<Trans>no machine has them yet</Trans>}>
          {demand.pending}
        </Figure>
        <Figure name={<Trans>Workloads running</Trans>}>{demand.live}</Figure>
        <Figure name={<Trans>Ended in 24 hours</Trans>}>
          <span data-figure="ended">{demand.endedLastDay}</span>
        </Figure>
      </dl>
    </Section>
  );
}

function Chain({ network }: { readonly network: NetworkView }) {
  const { t } = useLingui();
  const now = useNow();
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const { follower } = network;
  const state = followerState(follower, now);
  return (
    <Section
      title={<Trans>Chain</Trans>}
      note={<Trans>The coordinator shows what the chain's events say; here is how far it has read.</Trans>}
    >
      <Facts
        facts={[
          [
            t`Follower`,
            <span key="f" data-follower={state}>
              {state === "following" ? (
                <State tone="live">{t`Reads along`}</State>
              ) : state === "behind" ? (
                <State tone="bad">{t`Behind: figures are older than the chain`}</State>
              ) : (
                <State tone="warn">{t`The chain makes no new blocks`}</State>
              )}
            </span>,
          ],
          [
            t`Head of the chain`,
            <span key="h" data-figure="head">
              {follower.head}
            </span>,
          ],
          [t`Read up to block`, follower.block],
          [t`Blocks behind`, String(follower.lagBlocks)],
          [t`Final up to block`, follower.finalized],
          [t`Age of the head`, follower.headAt === null ? "–" : <Ago key="a" at={follower.headAt} />],
          ...(market.data === undefined
            ? []
            : ([
                [t`Chain`, String(market.data.chainId)],
                [t`Market contract`, <AddressView key="m" address={market.data.contracts.leaseMarket} />],
                [t`Operator`, <AddressView key="r" address={market.data.relayer} />],
                [t`Coordinator`, market.data.version],
              ] as const)),
        ]}
      />
    </Section>
  );
}

function Settled({ network }: { readonly network: NetworkView }) {
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const { t } = useLingui();
  const rows = network.settled.flatMap((each) => {
    const token = market.data?.tokens.find((known) => known.address.toLowerCase() === each.token.toLowerCase());
    return token === undefined ? [] : [{ ...each, listed: token }];
  });
  const cell = "border-b border-line px-2 py-1.5 first:pl-0 text-right";
  return (
    <Section
      title={<Trans>Settled on chain</Trans>}
      note={<Trans>What leases paid to providers, and the market's fees on it.</Trans>}
    >
      {rows.length === 0 ? (
        <p className="text-muted">
          <Trans>Nothing has been settled yet.</Trans>
        </p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
        <section className="scroll-thin relative overflow-x-auto" tabIndex={0} aria-label={t`Settled on chain`}>
          <table className="w-full max-w-3xl text-sm">
            <thead>
              <tr className="text-muted">
                <th scope="col" className={`${cell} !text-left font-normal`}>
                  <Trans>Token</Trans>
                </th>
                {[t`Paid, 24 hours`, t`Fees, 24 hours`, t`Paid, 30 days`, t`Fees, 30 days`].map((name) => (
                  <th key={name} scope="col" className={`${cell} font-normal`}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.token} data-settled={row.listed.symbol}>
                  <th scope="row" className={`${cell} !text-left font-normal`}>
                    {row.listed.symbol}
                  </th>
                  {([row.paidLastDay, row.feesLastDay, row.paidLast30Days, row.feesLast30Days] as const).map(
                    (base, index) => (
                      // biome-ignore lint/suspicious/noArrayIndexKey: four figures that never reorder
                      <td key={index} className={cell}>
                        <Money base={base} token={row.listed} />
                      </td>
                    ),
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Section>
  );
}

/** The market's figures, counted by the coordinator every few seconds. */
export default function NetworkPage() {
  const network = useRoute(getNetwork, {}, { every: 5_000 });
  const { data, error } = network;
  return (
    <>
      <PageHead title={<Trans>Network</Trans>}>
        <Trans>
          What the whole market has, what is asked of it, and what it has settled. Hardware is counted as machines
          report it.
        </Trans>
      </PageHead>
      {data === undefined ? (
        error === null ? (
          <div className="p-6">
            <Skeleton className="h-40 w-full" />
          </div>
        ) : (
          <Failure error={error} again={() => void network.refetch()} />
        )
      ) : (
        <>
          {error === null ? null : <Stale at={network.dataUpdatedAt} again={() => void network.refetch()} />}
          <Supply network={data} />
          <Prices prices={data.prices} />
          <Settled network={data} />
          <Chain network={data} />
        </>
      )}
    </>
  );
}
