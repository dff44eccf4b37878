import type { Receipt as Bill, Market, WorkloadView } from "@corepool/protocol/resources";
import { receiptOf } from "@corepool/sdk/run";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { client } from "../../data/client.ts";
import { OutcomeOfKey } from "../../identity/outcome.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { Facts } from "../../kit/ui/page.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import { State } from "../../kit/values/state.tsx";
import { Duration } from "../../kit/values/time.tsx";
import { checkReceipt } from "../workload/check-receipt.ts";

/** How long the bill of an ended job is waited for: its lease closes some blocks after the end. */
const PATIENCE_MS = 20_000;

/** Gets a job's bill and has the chain itself confirm it. */
export function Receipt({
  workload,
  market,
  onChecked,
}: {
  readonly workload: WorkloadView;
  readonly market: Market;
  readonly onChecked: () => void;
}) {
  const { t } = useLingui();
  const [bill, setBill] = useState<Bill | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const check = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      const receipt = await receiptOf(client, workload.id, { patienceMs: PATIENCE_MS });
      await checkReceipt(market, workload, receipt);
      setBill(receipt);
      onChecked();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {bill === undefined ? (
        <Button look="primary" busy={busy} onClick={() => void check()}>
          <Trans>Check the receipt</Trans>
        </Button>
      ) : (
        <div data-receipt className="flex w-full flex-col gap-2 rounded-(--radius) border border-line p-3 text-text">
          <Facts
            facts={[
              [t`Served`, <Duration key="d" ms={bill.billedMs} />],
              [t`Paid`, <Money key="p" base={bill.total} token={bill.token} exact />],
              [t`Of it the fee`, <Money key="f" base={bill.fee} token={bill.token} exact />],
              [t`Came back`, <Money key="r" base={bill.refund} token={bill.token} exact />],
              [t`Opened in`, <Hash key="o" value={bill.openTx} />],
              ...(bill.closeTx === null ? [] : [[t`Closed in`, <Hash key="c" value={bill.closeTx} />] as const]),
            ]}
          />
          <State tone="done">
            <Trans>The chain says the same</Trans>
          </State>
        </div>
      )}
      {failure === undefined ? null : <OutcomeOfKey error={failure} />}
    </>
  );
}
