import type { AccountView, Market } from "@corepool/protocol/resources";
import { Trans } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { Button } from "../../kit/ui/button.tsx";
import { Section } from "../../kit/ui/page.tsx";
import { Money } from "../../kit/values/money.tsx";
import { FaucetButton } from "./faucet.tsx";
import { MoveDialog } from "./move-dialog.tsx";
import type { Movement } from "./sent.ts";

function Figure({
  name,
  children,
  note,
}: {
  readonly name: ReactNode;
  readonly children: ReactNode;
  readonly note: ReactNode;
}) {
  return (
    <div className="min-w-0">
      <dt className="text-sm text-muted">{name}</dt>
      <dd>
        <p className="wrap-anywhere text-lg **:whitespace-normal">{children}</p>
        <p className="text-xs text-faint">{note}</p>
      </dd>
    </div>
  );
}

/** What the account has of every token of the market, and the ways in and out. */
export function Balances({ account, market }: { readonly account: AccountView; readonly market: Market }) {
  const [moving, setMoving] = useState<{ readonly movement: Movement; readonly token: string } | undefined>(undefined);
  // By address: the balance goes on changing while the dialog is open.
  const balance = account.balances.find((each) => each.token === moving?.token);
  return (
    <Section
      title={<Trans>Balances</Trans>}
      actions={market.faucet === null ? undefined : <FaucetButton faucet={market.faucet} address={account.address} />}
    >
      <ul className="flex flex-col">
        {account.balances.map((each) => (
          <li
            key={each.token}
            data-token={each.symbol}
            className="border-t border-line py-3 first:border-t-0 first:pt-0"
          >
            <div className="mb-2 flex flex-wrap items-center gap-2">
              <h3 className="mr-auto font-medium">{each.symbol}</h3>
              <Button onClick={() => setMoving({ movement: "deposit", token: each.token })}>
                <Trans>Deposit {each.symbol}</Trans>
              </Button>
              <Button onClick={() => setMoving({ movement: "withdraw", token: each.token })}>
                <Trans>Withdraw {each.symbol}</Trans>
              </Button>
            </div>
            <dl className="grid grid-cols-1 gap-x-8 gap-y-3 sm:grid-cols-3">
              <Figure name={<Trans>Cash</Trans>} note={<Trans>In the market, free to rent with or to take out</Trans>}>
                <span data-balance="cash">
                  <Money base={each.cash} token={each} />
                </span>
              </Figure>
              <Figure
                name={<Trans>Escrow</Trans>}
                note={<Trans>Held for open leases; what they do not use comes back</Trans>}
              >
                <span data-balance="escrow">
                  <Money base={each.escrowed} token={each} />
                </span>
              </Figure>
              <Figure name={<Trans>Wallet</Trans>} note={<Trans>Outside of the market</Trans>}>
                <span data-balance="wallet">
                  <Money base={each.wallet} token={each} />
                </span>
              </Figure>
            </dl>
          </li>
        ))}
      </ul>
      {moving === undefined || balance === undefined ? null : (
        <MoveDialog movement={moving.movement} balance={balance} market={market} onClose={() => setMoving(undefined)} />
      )}
    </Section>
  );
}
