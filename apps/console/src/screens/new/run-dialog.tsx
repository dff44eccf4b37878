import { codeOf } from "@corepool/core/errors";
import type { Market } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import type { RunRequest } from "@corepool/sdk/run";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useRef, useState } from "react";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { failureOf } from "../../identity/failure.ts";
import { identity } from "../../identity/identity.ts";
import { OutcomeOfKey } from "../../identity/outcome.tsx";
import { TestFunds } from "../../identity/test-funds.tsx";
import { Choice } from "../../kit/form/choice.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { Dialog } from "../../kit/ui/dialog.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { Duration } from "../../kit/values/time.tsx";
import { notify } from "../../shell/notices.ts";
import { type Agreed, type Ordering, orderingOf, type Step } from "../../watch/order.ts";
import type { Cost } from "./model.ts";

type Token = Market["tokens"][number];

/** What there is to pay with. Base units; undefined while it is not known. */
function useFunds(token: Token): { readonly cash: bigint; readonly wallet: bigint } | undefined {
  const balance = useRoute(getAccount, {}, { every: 5_000 }).data?.balances.find(
    (each) => each.token.toLowerCase() === token.address.toLowerCase(),
  );
  return balance === undefined ? undefined : { cash: BigInt(balance.cash), wallet: BigInt(balance.wallet) };
}

function useStepText(): (step: Step) => string {
  const { t } = useLingui();
  return (step) =>
    ({
      key: t`Opening your key`,
      upload: t`Sending files and placing the job`,
      deposit: t`Depositing into the market, in two transactions`,
      sign: t`Signing`,
      order: t`Handing the order over`,
    })[step];
}

/**
 * Explains an order in money, data and time before anything is signed, and then goes through with it. What was agreed
 * here bounds everything that is signed. A failure is told here, and the next try goes on where it stopped.
 */
export function RunDialog({
  market,
  request,
  cost,
  seconds,
  onDone,
  onClose,
}: {
  readonly market: Market;
  readonly request: RunRequest;
  readonly cost: Cost;
  readonly seconds: number;
  readonly onDone: (workload: string) => void;
  readonly onClose: () => void;
}) {
  const { t, i18n } = useLingui();
  const stepText = useStepText();
  const who = useStore(identity);
  // What is explained stays as it is while the dialog stands, whatever the market does behind it.
  const [agreed] = useState(cost);
  const [payer, setPayer] = useState<Agreed["payer"]>("browser");
  const [step, setStep] = useState<Step | undefined>(undefined);
  const [failure, setFailure] = useState<unknown>(undefined);
  const ordering = useRef<{ readonly payer: Agreed["payer"]; readonly it: Ordering } | undefined>(undefined);
  const token = market.tokens.find(
    (each) => each.address.toLowerCase() === request.constraints.token.toLowerCase(),
  ) as Token;
  const funds = useFunds(token);
  const { rate, escrow, atRisk, graceSeconds } = agreed;
  const short = funds === undefined || funds.cash >= escrow ? 0n : escrow - funds.cash;
  const poor = funds !== undefined && short > funds.wallet;
  const busy = step !== undefined;
  const bytes = request.uploads.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

  const left = (expiry: number) =>
    notify({
      tone: "warn",
      text: t`The operator may hold a mandate for this job`,
      detail: t`It was signed and is not used. It is valid until ${i18n.date(new Date(expiry * 1_000), { timeStyle: "short", dateStyle: "medium" })}; revoke it under Billing.`,
      to: "/billing",
    });

  const run = async () => {
    setFailure(undefined);
    setStep("key");
    try {
      if (ordering.current?.payer !== payer) {
        await ordering.current?.it.drop();
        ordering.current = {
          payer,
          it: orderingOf(
            market,
            request,
            { rate, escrow, deposit: short, graceSeconds, payer },
            { step: setStep, left },
          ),
        };
      }
      onDone(await ordering.current.it.go());
    } catch (error) {
      setFailure(error);
    } finally {
      setStep(undefined);
    }
  };
  const close = () => {
    if (busy) return;
    // Placed and not ordered: it would only stand in the list. Where the coordinator is away it expires there.
    ordering.current?.it.drop().catch(() => undefined);
    onClose();
  };
  const kind = failure === undefined ? undefined : failureOf(failure);
  return (
    <Dialog
      title={<Trans>Run this job</Trans>}
      onClose={close}
      actions={
        <>
          <Button look="quiet" disabled={busy} onClick={close}>
            <Trans>Cancel</Trans>
          </Button>
          <Button look="primary" busy={busy} disabled={poor || funds === undefined} onClick={() => void run()}>
            {failure === undefined ? <Trans>Sign and run</Trans> : <Trans>Try again</Trans>}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4 p-4">
        <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-3 text-sm">
          <dt className="text-muted">
            <Trans>Money</Trans>
          </dt>
          <dd className="flex flex-col gap-1">
            <p>
              <Trans>
                <Money base={escrow} token={token} exact /> goes into escrow: the most that it can cost. You pay{" "}
                <Rate perSecond={rate} token={token} /> for the seconds that it serves, and the rest comes back.
              </Trans>
            </p>
            <p className="text-muted">
              <Trans>
                If its machine vanishes or cheats, at most <Money base={atRisk} token={token} /> is lost.
              </Trans>
            </p>
            {short === 0n ? null : (
              <p>
                <Trans>
                  Your cash in the market does not cover it: <Money base={short} token={token} exact /> is deposited
                  from your wallet first.
                </Trans>
              </p>
            )}
          </dd>
          <dt className="text-muted">
            <Trans>Data</Trans>
          </dt>
          <dd>
            {request.uploads.length === 0 ? (
              <Trans>No files are sent. Its machine reads the command and the environment.</Trans>
            ) : (
              <Trans>
                <Plural value={request.uploads.length} one="# file" other="# files" /> of {bytesText(bytes)} in all are
                sent. Its machine reads them, the command and the environment.
              </Trans>
            )}
          </dd>
          <dt className="text-muted">
            <Trans>Time</Trans>
          </dt>
          <dd>
            <Trans>
              It runs for <Duration ms={seconds * 1_000} /> at most, and you can stop it at any time. If it loses its
              machine, it is ordered again within the same bounds.
            </Trans>
          </dd>
        </dl>
        <Choice
          label={t`Who pays while it runs`}
          value={payer}
          options={[
            ["browser", t`This tab`],
            ["operator", t`The operator, under a mandate`],
          ]}
          onChange={setPayer}
        />
        <p className="-mt-2 text-sm text-muted">
          {payer === "browser" ? (
            <Trans>
              This tab checks the machine every few seconds and signs what it served. Keep it open, or let a program
              take over.
            </Trans>
          ) : (
            <Trans>
              Nothing of yours has to run. You sign a mandate for this one escrow; a dishonest operator could waste all
              of it, <Money base={escrow} token={token} exact />, and no more.
            </Trans>
          )}
        </p>
        {poor && who !== undefined ? (
          <div
            role="alert"
            data-failure="no-funds"
            className="flex flex-col gap-2 rounded-(--radius) border border-bad px-3 py-2 text-sm"
          >
            <p>
              <Trans>
                There is not enough {token.symbol}: <Money base={short - funds.wallet} token={token} exact /> is
                missing.
              </Trans>
            </p>
            {market.faucet === null ? (
              <p className="text-muted">
                <Trans>Send some to your address, or ask for a shorter time.</Trans>
              </p>
            ) : (
              <TestFunds address={who.address} />
            )}
          </div>
        ) : null}
        {failure === undefined ? null : (
          <>
            <OutcomeOfKey error={failure} />
            {(kind === "no-gas" || kind === "no-funds") && market.faucet !== null && who !== undefined ? (
              <TestFunds address={who.address} />
            ) : null}
            {codeOf(failure) === "no-placement" || codeOf(failure) === "offer-gone" ? (
              <p className="text-sm text-muted">
                <Trans>The market has changed since. Close this to see who can run it now.</Trans>
              </p>
            ) : null}
          </>
        )}
        <p role="status" className="text-sm text-muted">
          {step === undefined ? "" : stepText(step)}
        </p>
      </div>
    </Dialog>
  );
}
