import type { OfferView, WorkloadView } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getMarket, listOffers } from "@corepool/protocol/routes/market";
import { listWorkloads } from "@corepool/protocol/routes/workloads";
import { Trans } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { Link } from "../../app/link.tsx";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { identity } from "../../identity/identity.ts";
import type { Identity } from "../../identity/port.ts";
import { TestFunds } from "../../identity/test-funds.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Skeleton } from "../../kit/ui/states.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import { WorkloadState } from "../../kit/values/workload-state.tsx";
import { show } from "../../shell/layers.ts";
import { keepLooked, type Looked, looked } from "./done.ts";
import { Receipt } from "./receipt.tsx";
import { Result } from "./result.tsx";
import { Step, type StepState } from "./step.tsx";

const BUTTON = "row inline-flex items-center rounded-(--radius) px-3 text-sm";
const ENDED: readonly WorkloadView["state"][] = ["succeeded", "failed", "cancelled"];

function To({
  to,
  primary = false,
  children,
}: {
  readonly to: string;
  readonly primary?: boolean;
  readonly children: ReactNode;
}) {
  return (
    <Link
      to={to}
      className={`${BUTTON} ${primary ? "bg-accent font-medium text-on-accent hover:opacity-90" : "border border-line bg-surface hover:bg-raised"}`}
    >
      {children}
    </Link>
  );
}

/** The newest digits job: one that succeeded, else whatever there is. */
function digitsOf(workloads: readonly WorkloadView[]): WorkloadView | undefined {
  const all = workloads.filter(({ spec }) => spec.name === "digits");
  return all.find(({ state }) => state === "succeeded") ?? all[0];
}

/** The steps of whoever is signed in; what is done is seen from the account, not from what was pressed. */
function useProgress(who: Identity | undefined) {
  const enabled = who !== undefined;
  const market = useRoute(getMarket, {}, { every: 15_000 }).data;
  const account = useRoute(getAccount, {}, { enabled, every: 10_000 }).data;
  const workloads = useRoute(listWorkloads, { query: { limit: 100 } }, { enabled, every: 5_000 }).data;
  const offers = useRoute(
    listOffers,
    { query: { limit: 1, ...(who === undefined ? {} : { provider: who.address }) } },
    { enabled, every: 15_000 },
  ).data;
  return {
    market,
    account,
    funded:
      account?.balances.some(({ cash, escrowed, wallet }) => BigInt(cash) + BigInt(escrowed) + BigInt(wallet) > 0n) ===
      true,
    digits: digitsOf((workloads?.data ?? []) as readonly WorkloadView[]),
    provides: enabled && ((offers?.data ?? []) as readonly OfferView[]).length > 0,
    known: !enabled || (account !== undefined && workloads !== undefined),
  };
}

function List({ who }: { readonly who: Identity | undefined }) {
  const { market, account, funded, digits, provides, known } = useProgress(who);
  const [seen, setSeen] = useState<Looked>(() => (who === undefined ? {} : looked(who.address)));
  const look = (now: Looked) => {
    if (who === undefined) return;
    keepLooked(who.address, now);
    setSeen((before) => ({ ...before, ...now }));
  };
  const ran = digits?.state === "succeeded";
  const done = [
    who !== undefined,
    funded || digits !== undefined,
    ran,
    seen.result !== undefined,
    seen.receipt !== undefined,
    provides,
  ];
  const next = done.indexOf(false);
  const stateOf = (index: number): StepState =>
    done[index] === true
      ? "done"
      : index === next || (index === 5 && next >= 0 && who !== undefined)
        ? "next"
        : "later";
  if (market === undefined || !known) return <Skeleton className="m-4 h-96 max-w-2xl" />;
  const balance = account?.balances[0];
  const going = digits !== undefined && !ENDED.includes(digits.state);
  return (
    <ol className="max-w-2xl">
      <Step
        name="sign-in"
        number={1}
        state={stateOf(0)}
        title={<Trans>Have a key</Trans>}
        action={
          who === undefined ? (
            <Button look="primary" icon={ICONS.key} onClick={() => show("sign-in")}>
              <Trans>Sign in, or make a key</Trans>
            </Button>
          ) : undefined
        }
      >
        {who === undefined ? (
          <p>
            <Trans>A wallet, or a key in this browser behind a passkey. Nobody but you can spend with it.</Trans>
          </p>
        ) : (
          <AddressView address={who.address} />
        )}
      </Step>
      <Step
        name="funds"
        number={2}
        state={stateOf(1)}
        title={<Trans>Get test funds</Trans>}
        action={
          who === undefined || done[1] === true ? undefined : market.faucet === null ? undefined : (
            <TestFunds address={who.address} primary />
          )
        }
      >
        {done[1] === true && balance !== undefined ? (
          <p>
            <Trans>
              <Money base={BigInt(balance.cash) + BigInt(balance.wallet)} token={balance} /> to pay with
            </Trans>
          </p>
        ) : market.faucet === null ? (
          <p>
            <Trans>
              This market has real money only: send some of its token, and a little of the chain's coin for gas, to your
              address.
            </Trans>
          </p>
        ) : (
          <p>
            <Trans>Play money of this local market, with what transactions cost.</Trans>
          </p>
        )}
      </Step>
      <Step
        name="digits"
        number={3}
        state={stateOf(2)}
        title={<Trans>Run the digits job</Trans>}
        action={
          going ? (
            <To to={`/w/${digits.id}`}>
              <Trans>Watch it</Trans>
            </To>
          ) : ran ? undefined : (
            <To to="/new?example=digits" primary>
              <Trans>Look it over and run it</Trans>
            </To>
          )
        }
      >
        <p>
          <Trans>
            It trains a small neural network on 1,797 handwritten digits, on somebody's machine, in about half a minute.
          </Trans>
        </p>
        {digits === undefined ? null : (
          <p role="status">
            <WorkloadState state={digits.state} />
          </p>
        )}
      </Step>
      <Step
        name="result"
        number={4}
        state={stateOf(3)}
        title={<Trans>Open its result</Trans>}
        action={
          digits === undefined || !ran ? undefined : (
            <Result workload={digits} onOpened={() => look({ result: digits.id })} />
          )
        }
      >
        <p>
          <Trans>What it wrote comes back under its SHA-256, and this browser checks it.</Trans>
        </p>
      </Step>
      <Step
        name="receipt"
        number={5}
        state={stateOf(4)}
        title={<Trans>See the receipt</Trans>}
        action={
          digits === undefined || !ran ? undefined : (
            <Receipt workload={digits} market={market} onChecked={() => look({ receipt: digits.id })} />
          )
        }
      >
        <p>
          <Trans>What was served, paid and given back, compared with the chain itself.</Trans>
        </p>
      </Step>
      <Step
        name="provider"
        number={6}
        state={stateOf(5)}
        title={<Trans>Connect this computer as a provider</Trans>}
        action={
          <To to="/provider">
            <Trans>Show the command</Trans>
          </To>
        }
      >
        <p>
          <Trans>Lend what it has to spare, and be paid by the second.</Trans>
        </p>
      </Step>
    </ol>
  );
}

/** First steps: each does the real thing, and knows when it is done. */
export default function StartPage() {
  const who = useStore(identity);
  return (
    <>
      <PageHead title={<Trans>First steps</Trans>}>
        <Trans>Rent a machine, see what it did, and check the bill. It takes about two minutes.</Trans>
      </PageHead>
      <List key={who?.address ?? ""} who={who} />
    </>
  );
}
