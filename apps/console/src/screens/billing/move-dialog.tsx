import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import { formatAmount } from "@corepool/core/money";
import { address, amount } from "@corepool/protocol/primitives";
import type { AccountView, Market } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { listLedger } from "@corepool/protocol/routes/billing";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { z } from "zod";
import { keyOf } from "../../data/query.ts";
import { MoneyField, TextField } from "../../kit/form/fields.tsx";
import { useForm } from "../../kit/form/use-form.ts";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { Money } from "../../kit/values/money.tsx";
import type { Step } from "./on-chain.ts";
import { type Movement, remember } from "./sent.ts";
import { Steps } from "./steps.tsx";

type Balance = AccountView["balances"][number];

const schema = z.object({ amount, to: address.optional() });

/** Moves money into the market or out of it: what will happen, then the wallet's signature, then the block. */
export function MoveDialog({
  movement,
  balance,
  market,
  onClose,
}: {
  readonly movement: Movement;
  readonly balance: Balance;
  readonly market: Market;
  readonly onClose: () => void;
}) {
  const { t } = useLingui();
  const cache = useQueryClient();
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const form = useForm({ schema, initial: {}, send: async () => undefined });
  const there = BigInt(movement === "deposit" ? balance.wallet : balance.cash);
  const { document } = form;
  const wanted = schema.shape.amount.safeParse(document.amount).success ? BigInt(document.amount ?? 0) : 0n;
  const { symbol } = balance;
  const run = async () => {
    setSteps([]);
    if (!form.valid || wanted === 0n) {
      await form.submit();
      throw new Error(t`Say how much: an amount above zero.`);
    }
    const lacking = () => new CorepoolError("insufficient-funds", { detail: t`That is more than there is.` });
    if (wanted > there) throw lacking();
    const [{ balancesOf, deposit, withdraw }, { ownChain }, { checkShown }] = await Promise.all([
      import("@corepool/sdk/chain"),
      import("./on-chain.ts"),
      import("../../identity/chain.ts"),
    ]);
    const { chain, own } = await ownChain(market, (step) => setSteps((now) => [...now, step]));
    await checkShown(market, chain, balance.token);
    // The coordinator's word was good enough to show; what is signed goes by the chain's.
    const held = await balancesOf(chain, balance.token, own);
    if (wanted > (movement === "deposit" ? held.wallet : held.cash)) throw lacking();
    const transaction =
      movement === "deposit"
        ? await deposit(chain, own, balance.token, wanted)
        : await withdraw(chain, balance.token, (document.to ?? own) as Address, wanted);
    remember({ transaction, account: own, movement, amount: String(wanted), token: balance });
  };
  const shown = <Money base={wanted} token={balance} exact />;
  return (
    <EffectsDialog
      title={movement === "deposit" ? <Trans>Deposit {symbol}</Trans> : <Trans>Withdraw {symbol}</Trans>}
      confirm={movement === "deposit" ? <Trans>Sign and deposit</Trans> : <Trans>Sign and withdraw</Trans>}
      effects={
        movement === "deposit"
          ? {
              money: (
                <Trans>
                  {shown} go from your wallet into your cash in the market's contract. It stays yours: leases that you
                  sign spend it, and you can withdraw the rest at any time. The chain takes a little gas besides.
                </Trans>
              ),
              data: <Trans>Nothing.</Trans>,
              time: (
                <Trans>
                  Your wallet asks at most twice: to allow the market just this amount, then to deposit it. Each is in a
                  block within seconds on most chains, and final some blocks later.
                </Trans>
              ),
            }
          : {
              money: (
                <Trans>
                  {shown} go from your cash in the market to the address. Escrow of open leases stays where it is. The
                  chain takes a little gas besides.
                </Trans>
              ),
              data: <Trans>Nothing.</Trans>,
              time: (
                <Trans>
                  Your wallet asks once. It needs nobody's consent and cannot be paused; it is in a block within seconds
                  on most chains, and final some blocks later.
                </Trans>
              ),
            }
      }
      run={run}
      onDone={() => {
        for (const route of [getAccount, listLedger]) void cache.invalidateQueries({ queryKey: keyOf(route) });
      }}
      onClose={onClose}
    >
      <form noValidate onSubmit={(event) => event.preventDefault()} className="flex flex-col gap-3">
        <MoneyField
          form={form}
          at="/amount"
          token={balance}
          label={t`Amount`}
          hint={
            <>
              {movement === "deposit" ? (
                <Trans>
                  In the wallet: <Money base={there} token={balance} exact />
                </Trans>
              ) : (
                <Trans>
                  Cash in the market: <Money base={there} token={balance} exact />
                </Trans>
              )}{" "}
              <button
                type="button"
                className="text-accent underline underline-offset-2"
                onClick={() => form.set("/amount", String(there))}
              >
                <Trans>Take all</Trans>
              </button>
            </>
          }
        />
        {wanted > there ? (
          <p role="alert" className="text-sm text-bad">
            <Trans>
              That is {formatAmount(wanted - there, balance)} {symbol} more than there is.
            </Trans>
          </p>
        ) : null}
        {movement === "deposit" ? (
          <p className="text-sm text-muted">
            <Trans>Into the contract</Trans> <AddressView address={market.contracts.leaseMarket} />
          </p>
        ) : (
          <TextField
            form={form}
            at="/to"
            label={t`To the address`}
            hint={t`Empty: to your own wallet. What goes to a wrong address cannot be brought back.`}
            placeholder="0x…"
          />
        )}
        <Steps steps={steps} />
      </form>
    </EffectsDialog>
  );
}
