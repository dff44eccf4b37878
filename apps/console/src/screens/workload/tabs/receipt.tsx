import { CorepoolError } from "@corepool/core/errors";
import type { Token } from "@corepool/core/money";
import type { Receipt, WorkloadView } from "@corepool/protocol/resources";
import { getMarket } from "@corepool/protocol/routes/market";
import { getReceipt } from "@corepool/protocol/routes/workloads";
import { isOver } from "@corepool/sdk/follow";
import type { ChainBill } from "@corepool/sdk/verify-receipt";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useRoute } from "../../../data/query.ts";
import { Button } from "../../../kit/ui/button.tsx";
import { ICONS } from "../../../kit/ui/icon.tsx";
import { Facts, Section } from "../../../kit/ui/page.tsx";
import { saveFile } from "../../../kit/ui/save-file.ts";
import { Empty, Failure, Skeleton } from "../../../kit/ui/states.tsx";
import { AddressView, Hash } from "../../../kit/values/hash.tsx";
import { Money, Rate } from "../../../kit/values/money.tsx";
import { durationText } from "../../../kit/values/quantities.ts";
import { State } from "../../../kit/values/state.tsx";
import { Time } from "../../../kit/values/time.tsx";
import { ProblemText } from "../../../problems/problem-text.tsx";

/** A bill that is not there yet is asked for again; a burn, or finality, comes later by itself. */
const LOOK_MS = 3_000;

/** What the chain says, asked by this page itself. */
function ChainCheck({ workload, receipt }: { readonly workload: WorkloadView; readonly receipt: Receipt }) {
  const market = useRoute(getMarket, {});
  const check = useQuery<ChainBill>({
    queryKey: ["check-receipt", receipt.lease, receipt.closeTx, receipt.total],
    queryFn: async () => {
      const { checkReceipt } = await import("../check-receipt.ts");
      return checkReceipt(market.data as NonNullable<typeof market.data>, workload, receipt);
    },
    enabled: market.data !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const { token } = receipt;
  const wrong = check.error instanceof CorepoolError && check.error.code === "receipt-mismatch";
  return (
    <div
      data-check={check.data !== undefined ? "matches" : check.error === null ? "asking" : wrong ? "differs" : "failed"}
      role="status"
      className="text-sm"
    >
      {check.data !== undefined ? (
        <>
          <State tone="live">
            <Trans>The chain says the same</Trans>
          </State>
          <p className="mt-1 text-muted">
            <Trans>
              This page read both transactions from the chain itself: <Money base={check.data.total} token={token} />{" "}
              paid, <Money base={check.data.refund} token={token} /> came back. The lease was opened in block{" "}
              {String(check.data.openBlock)} and closed in block {String(check.data.closeBlock)}.
            </Trans>
          </p>
        </>
      ) : check.error === null ? (
        <State tone="info">
          <Trans>Asking the chain</Trans>
        </State>
      ) : (
        <>
          <State tone={wrong ? "bad" : "warn"}>
            {wrong ? <Trans>The receipt and the chain differ</Trans> : <Trans>The chain could not be asked</Trans>}
          </State>
          <div className="mt-1">
            <ProblemText error={check.error} />
          </div>
          <Button icon={ICONS.refresh} className="mt-2" busy={check.isFetching} onClick={() => void check.refetch()}>
            <Trans>Check again</Trans>
          </Button>
        </>
      )}
    </div>
  );
}

/** A line of the bill: what, how much. */
function Row({
  name,
  base,
  token,
  strong = false,
}: {
  readonly name: ReactNode;
  readonly base: string;
  readonly token: Token;
  readonly strong?: boolean;
}) {
  return (
    <tr className={strong ? "font-medium" : ""}>
      <th scope="row" className="border-b border-line py-1.5 pr-4 text-left font-normal">
        {name}
      </th>
      <td className="border-b border-line py-1.5 text-right">
        <Money base={base} token={token} exact />
      </td>
    </tr>
  );
}

/** The bill of a workload, and what the chain says to it. */
export function ReceiptTab({
  workload,
  tokenOf,
}: {
  readonly workload: WorkloadView;
  readonly tokenOf: (address: string) => Token | undefined;
}) {
  const { t } = useLingui();
  const closed = workload.lease?.closeTx != null;
  const query = useRoute(
    getReceipt,
    { params: { id: workload.id } },
    { enabled: closed || isOver(workload), every: LOOK_MS },
  );
  const receipt = query.data;
  const notReady = query.error instanceof CorepoolError && query.error.code === "not-ready";
  if (receipt === undefined) {
    if (isOver(workload) && workload.lease === null)
      return (
        <Empty title={<Trans>There is no bill</Trans>}>
          <Trans>It ended before a lease was opened, so it cost nothing.</Trans>
        </Empty>
      );
    if (query.error !== null && !notReady) return <Failure error={query.error} again={() => void query.refetch()} />;
    if (!isOver(workload) || notReady)
      return (
        <Empty title={<Trans>The bill comes when the lease is closed</Trans>}>
          <Trans>
            Until then the head of this page says what it costs so far. The rest of the escrow comes back with the bill.
          </Trans>
        </Empty>
      );
    return (
      <div className="p-4 md:px-6">
        <Skeleton className="h-40 w-full" />
      </div>
    );
  }
  const token = tokenOf(receipt.token.address) ?? receipt.token;
  const { terms } = receipt;
  const transaction = (hash: string | null) => (hash === null ? "–" : <Hash value={hash} full />);
  return (
    <>
      <Section
        title={<Trans>Bill</Trans>}
        actions={
          <Button
            look="quiet"
            icon={ICONS.download}
            onClick={() =>
              saveFile(`${workload.id}-receipt.json`, JSON.stringify(receipt, null, 2), "application/json")
            }
          >
            <Trans>Save as JSON</Trans>
          </Button>
        }
      >
        <div
          className="grid gap-x-10 gap-y-4 lg:grid-cols-2"
          data-receipt
          data-total={receipt.total}
          data-refund={receipt.refund}
          data-fee={receipt.fee}
        >
          <table className="w-full text-sm">
            <tbody>
              <Row name={t`Escrow`} base={terms.escrow} token={token} />
              <Row name={t`To the provider`} base={receipt.provider.paid} token={token} />
              <Row name={t`Fee of the market`} base={receipt.fee} token={token} />
              <Row name={t`Paid in all`} base={receipt.total} token={token} strong />
              <Row name={t`Came back to your balance`} base={receipt.refund} token={token} strong />
            </tbody>
          </table>
          <div className="flex flex-col gap-3">
            <ChainCheck workload={workload} receipt={receipt} />
            <div className="text-sm">
              {receipt.final ? (
                <State tone="done">
                  <Trans>Final: its block cannot be undone any more</Trans>
                </State>
              ) : (
                <State tone="info">
                  <Trans>Not final yet: its block is still young</Trans>
                </State>
              )}
            </div>
          </div>
        </div>
      </Section>
      <Section title={<Trans>How it came about</Trans>}>
        <Facts
          facts={[
            [t`Billed for`, durationText(receipt.billedMs)],
            [t`Rate`, <Rate key="r" perSecond={terms.rate} token={token} />],
            [t`Fee`, `${terms.feeBps / 100} %`],
            [t`Burnt of the fee`, <Money key="b" base={receipt.burn} token={token} exact />],
            [t`Last payment note`, <Money key="n" base={receipt.noteTotal} token={token} exact />],
            [t`Lease began`, <Time key="s" at={terms.start} seconds />],
            [t`Provider`, <AddressView key="p" address={terms.provider} full />],
            [t`Paid to`, <AddressView key="t" address={receipt.provider.account} full />],
          ]}
        />
      </Section>
      <Section title={<Trans>Transactions</Trans>} note={<Trans>Chain {receipt.chainId}</Trans>}>
        <Facts
          facts={[
            [t`Lease`, <Hash key="l" value={receipt.lease} full />],
            [t`Market contract`, <Hash key="m" value={receipt.market} full />],
            [t`Opened by`, transaction(receipt.openTx)],
            [t`Closed by`, transaction(receipt.closeTx)],
            [t`Fee burnt by`, transaction(receipt.burnTx)],
          ]}
        />
      </Section>
    </>
  );
}
