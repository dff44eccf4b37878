import { CorepoolError } from "@corepool/core/errors";
import type { Address } from "@corepool/core/hex";
import type { FaucetView } from "@corepool/protocol/resources";
import { getAccount } from "@corepool/protocol/routes/accounts";
import { getGrant, requestFunds } from "@corepool/protocol/routes/faucet";
import { systemClock } from "@corepool/sdk/adapters/system";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../data/client.ts";
import { keyOf } from "../../data/query.ts";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { Money } from "../../kit/values/money.tsx";
import { notify } from "../../shell/notices.ts";

const LOOK_AGAIN_MS = 400;
const PATIENCE_MS = 60_000;

/** Asks the faucet and waits until it has given. Rejects with the faucet's own reason. */
async function askFaucet(address: Address): Promise<void> {
  const until = systemClock.monotonic() + PATIENCE_MS;
  let grant = await call(requestFunds, { body: { address } });
  while (grant.state === "queued" && systemClock.monotonic() < until) {
    await systemClock.sleep(LOOK_AGAIN_MS);
    grant = await call(getGrant, { params: { id: grant.id } });
  }
  if (grant.state === "failed") throw new CorepoolError("faucet-failed", { detail: grant.detail ?? grant.state });
}

/** Play money of a local market, for the asking. */
export function FaucetButton({ faucet, address }: { readonly faucet: FaucetView; readonly address: Address }) {
  const { t } = useLingui();
  const cache = useQueryClient();
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
          run={() => askFaucet(address)}
          onDone={() => {
            notify({ tone: "done", text: t`Test funds are in your wallet` });
            void cache.invalidateQueries({ queryKey: keyOf(getAccount) });
          }}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
