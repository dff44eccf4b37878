import type { Market } from "@corepool/protocol/resources";
import { dropMandate, listMandates } from "@corepool/protocol/routes/accounts";
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call } from "../../data/client.ts";
import { keyOf } from "../../data/query.ts";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { keep } from "../../mandates/kept.ts";
import { notify } from "../../shell/notices.ts";
import type { MandateRow } from "./mandate.ts";
import type { Step } from "./on-chain.ts";
import { Steps } from "./steps.tsx";

/**
 * Takes a mandate back: on chain first, from the copy that was signed here, then at the coordinator, who is the one that a
 * revocation is a defence against. Without a copy its word for what was signed is not trusted: then everything that was
 * signed so far can be voided.
 */
export function RevokeDialog({
  row,
  market,
  onClose,
}: {
  readonly row: MandateRow;
  readonly market: Market;
  readonly onClose: () => void;
}) {
  const { t } = useLingui();
  const cache = useQueryClient();
  const [steps, setSteps] = useState<readonly Step[]>([]);
  const known = row.copies.length > 0;
  const run = async () => {
    setSteps([]);
    const [{ cancelAll, revokeMandate }, { ownChain }] = await Promise.all([
      import("@corepool/sdk/chain"),
      import("./on-chain.ts"),
    ]);
    const tell = (step: Step) => setSteps((now) => [...now, step]);
    if (known) {
      for (const copy of row.copies.filter((each) => each.revokedIn === undefined)) {
        // There it holds, and there it is revoked, whatever market the coordinator names by now.
        const { chain } = await ownChain(market, tell, { chainId: copy.chainId, market: copy.market });
        keep({ ...copy, revokedIn: await revokeMandate(chain, copy.mandate) });
      }
    } else await cancelAll((await ownChain(market, tell)).chain);
    if (row.id === null) return;
    try {
      await call(dropMandate, { params: { id: row.id } });
    } catch {
      notify({
        tone: "warn",
        text: t`The coordinator was not told`,
        detail: t`The chain refuses the mandate all the same: no order under it opens a lease any more.`,
      });
    }
  };
  return (
    <EffectsDialog
      title={<Trans>Revoke this mandate?</Trans>}
      danger
      confirm={known ? <Trans>Revoke on chain</Trans> : <Trans>Void all that I signed</Trans>}
      effects={
        known
          ? {
              money: (
                <Trans>
                  From the block on, no order under it opens a lease. Leases that are open go on until they end. The
                  chain takes a little gas.
                </Trans>
              ),
              data: <Trans>Nothing is deleted.</Trans>,
              time: <Trans>Your wallet asks once. It holds for good, from the block on.</Trans>,
            }
          : {
              money: (
                <Trans>
                  Every order, offer and mandate that you have signed so far becomes void. Leases that are open go on
                  until they end. The chain takes a little gas.
                </Trans>
              ),
              data: <Trans>Nothing is deleted. Mandates that you still want have to be granted again.</Trans>,
              time: <Trans>Your wallet asks once. It holds for good, from the block on.</Trans>,
            }
      }
      run={run}
      onDone={() => void cache.invalidateQueries({ queryKey: keyOf(listMandates) })}
      onClose={onClose}
    >
      {known ? null : (
        <p className="text-sm text-warn">
          <Trans>
            This browser has no copy of what was signed, and the operator's word for it is not to be trusted. Revoke it
            where it was granted, another browser or the command line, or void all that you have signed so far:
          </Trans>
        </p>
      )}
      <Steps steps={steps} />
    </EffectsDialog>
  );
}
