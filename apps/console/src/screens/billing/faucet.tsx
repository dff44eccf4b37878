import type { Address } from "@corepool/core/hex";
import type { FaucetView } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { useState } from "react";
import { takeTestFunds } from "../../data/faucet.ts";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { Money } from "../../kit/values/money.tsx";
import { notify } from "../../shell/notices.ts";

/** Play money of a local market, for the asking. */
export function FaucetButton({ faucet, address }: { readonly faucet: FaucetView; readonly address: Address }) {
  const { t } = useLingui();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button icon={ICONS.plus} onClick={() => setAsking(true)}>
        <Trans>Get test funds</Trans>
      </Button>
      {asking ? (
        <EffectsDialog
          title={<Trans>Get test funds</Trans>}
          confirm={<Trans>Get them</Trans>}
          effects={{
            money: (
              <>
                <ul>
                  {faucet.gives.map((give) => (
                    <li key={give.symbol}>
                      <Money base={give.amount} token={give} />
                    </li>
                  ))}
                </ul>
                <p className="text-muted">
                  <Trans>
                    Play money of this local market: it comes into your wallet, and is worth nothing elsewhere.
                  </Trans>
                </p>
              </>
            ),
            data: <Trans>Nothing. The faucet learns your address.</Trans>,
            time: <Trans>A few seconds. {faucet.perAddressPerDay} times a day for one address.</Trans>,
          }}
          run={() => takeTestFunds(address)}
          onDone={() => notify({ tone: "done", text: t`Test funds are in your wallet` })}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
