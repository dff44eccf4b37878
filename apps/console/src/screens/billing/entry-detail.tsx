import type { Token } from "@corepool/core/money";
import type { LedgerEntry, Market } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Facts } from "../../kit/ui/page.tsx";
import { Skeleton } from "../../kit/ui/states.tsx";
import { AddressView, Hash } from "../../kit/values/hash.tsx";
import { State } from "../../kit/values/state.tsx";
import { Time } from "../../kit/values/time.tsx";
import { Change, ReceiptLink } from "./entry.tsx";

function Part({ title, children }: { readonly title: ReactNode; readonly children: ReactNode }) {
  return (
    <section className="border-b border-line px-4 py-3">
      <h3 className="mb-2 text-sm font-medium">{title}</h3>
      {children}
    </section>
  );
}

/** What an entry of each kind means for the account. */
function useMeaning(): (kind: LedgerEntry["kind"]) => string {
  const { t } = useLingui();
  return (kind) =>
    ({
      deposit: t`Came from a wallet into your cash in the market.`,
      withdrawal: t`Went from your cash in the market to a wallet.`,
      escrow: t`Set aside for a lease: the most that the lease can cost.`,
      payment: t`What the provider was paid of the escrow, by the last payment note.`,
      fee: t`The market's share of what the lease cost.`,
      refund: t`What the lease did not use came back to your cash.`,
      earning: t`Paid to you for what a machine served.`,
      credit: t`Moved between your cash and a funder's credit.`,
      funded: t`A funder's credit paid in place of your escrow.`,
    })[kind];
}

/** The transaction as the chain itself tells it, read from the market's endpoint and not from the coordinator. */
function FromChain({ entry, market }: { readonly entry: LedgerEntry; readonly market: Market | undefined }) {
  const { t } = useLingui();
  const rpcUrl = market?.rpcUrl ?? null;
  const read = useQuery({
    queryKey: ["transaction", rpcUrl, entry.transaction],
    enabled: market !== undefined && rpcUrl !== null,
    staleTime: 60_000,
    queryFn: async () => {
      const { readTransaction } = await import("./read-transaction.ts");
      return readTransaction(rpcUrl ?? "", entry.transaction);
    },
  });
  if (market !== undefined && rpcUrl === null)
    return (
      <p className="text-sm text-muted">
        <Trans>
          This market names no endpoint of its chain, so the page cannot look for itself. Look the transaction up in an
          explorer of chain {market.chainId}.
        </Trans>
      </p>
    );
  if (read.error !== null)
    return (
      <p className="text-sm text-warn">
        <Trans>The chain could not be asked: {read.error.message}</Trans>
      </p>
    );
  if (read.data === undefined) return <Skeleton className="h-16 w-full" />;
  if (read.data === null)
    return (
      <State tone="bad">
        <Trans>The chain has no such transaction</Trans>
      </State>
    );
  const { block, from, to, status, gasUsed } = read.data;
  return (
    <Facts
      facts={[
        [
          t`Outcome`,
          status === "success" ? (
            <State key="o" tone="done">{t`Taken in`}</State>
          ) : (
            <State key="o" tone="bad">{t`Reverted`}</State>
          ),
        ],
        [
          t`Block`,
          String(block) === entry.block ? (
            String(block)
          ) : (
            <State key="b" tone="bad">{t`${String(block)}, where the ledger says ${entry.block}`}</State>
          ),
        ],
        [t`Sent by`, <AddressView key="f" address={from} />],
        [t`To the contract`, to === null ? "–" : <AddressView key="t" address={to} />],
        [t`Gas used`, String(gasUsed)],
      ]}
    />
  );
}

/** One entry: what it did, its receipt, and its transaction from the chain itself. */
export function EntryDetail({
  entry,
  token,
  market,
}: {
  readonly entry: LedgerEntry;
  readonly token: Token | undefined;
  readonly market: Market | undefined;
}) {
  const { t } = useLingui();
  const meaning = useMeaning();
  return (
    <>
      <section className="border-b border-line px-4 py-3">
        <p className="text-muted">{meaning(entry.kind)}</p>
        {entry.workload === null ? null : (
          <p className="mt-2">
            <ReceiptLink workload={entry.workload}>
              <Trans>Open the receipt of this workload</Trans>
            </ReceiptLink>
          </p>
        )}
      </section>
      <Part title={<Trans>What moved</Trans>}>
        <Facts
          facts={[
            [t`Cash`, token === undefined ? entry.cash : <Change key="c" base={entry.cash} token={token} />],
            [t`Escrow`, token === undefined ? entry.escrow : <Change key="e" base={entry.escrow} token={token} />],
            [t`Time`, <Time key="t" at={entry.at} seconds />],
            [
              t`State`,
              entry.final ? (
                <State key="s" tone="done">{t`Final`}</State>
              ) : (
                <State key="s" tone="info">{t`In a block, not yet final`}</State>
              ),
            ],
            ...(entry.lease === null ? [] : [[t`Lease`, <Hash key="l" value={entry.lease} />] as const]),
            ...(entry.workload === null ? [] : [[t`Workload`, <Hash key="w" value={entry.workload} />] as const]),
          ]}
        />
      </Part>
      <Part title={<Trans>The transaction, as the chain tells it</Trans>}>
        <div className="mb-2">
          <Hash value={entry.transaction} full />
        </div>
        <FromChain entry={entry} market={market} />
      </Part>
    </>
  );
}
