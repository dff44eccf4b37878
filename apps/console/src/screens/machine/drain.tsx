import { drainMachine, getOwnMachine, listOwnMachines } from "@corepool/protocol/routes/machines";
import { getMachine, listOffers } from "@corepool/protocol/routes/market";
import { Trans } from "@lingui/react/macro";
import { useState } from "react";
import { useCommand } from "../../data/query.ts";
import { Button } from "../../kit/ui/button.tsx";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { Section } from "../../kit/ui/page.tsx";
import type { FleetRow } from "../provider/fleet.ts";

/** Letting the machine run dry, and taking it back, for its owner; for everybody else, who can. */
export function Drain({ row, paid }: { readonly row: FleetRow; readonly paid: boolean }) {
  const [asking, setAsking] = useState(false);
  const drain = useCommand(drainMachine, { touches: [getOwnMachine, listOwnMachines, getMachine, listOffers] });
  const { own } = row;
  if (own === undefined && !paid) return null;
  const id = row.machine.id;
  return (
    <Section title={<Trans>Taking it off the market</Trans>}>
      <div className="flex max-w-2xl flex-col items-start gap-3 text-sm text-muted">
        {own === undefined ? (
          <p>
            <Trans>
              This account is paid by the machine, and does not own it: only the machine's own key, in the folder of its
              agent, can let it run dry here.
            </Trans>
          </p>
        ) : (
          <>
            <p>
              {own.draining ? (
                <Trans>
                  It runs dry: its offers are hidden, it takes no new workload here, and what runs goes on to its end.
                </Trans>
              ) : (
                <Trans>
                  Before you switch it off, let it run dry: it then takes nothing new, and what runs goes on to its end.
                </Trans>
              )}
            </p>
            <Button onClick={() => setAsking(true)}>
              {own.draining ? <Trans>Take workloads again</Trans> : <Trans>Let it run dry</Trans>}
            </Button>
          </>
        )}
        <p>
          <Trans>
            Its agent ends by Ctrl-C or SIGTERM where it runs. Workloads that run live on, and the agent finds them when
            it is started again.
          </Trans>
        </p>
      </div>
      {asking && own !== undefined ? (
        <EffectsDialog
          title={own.draining ? <Trans>Take workloads again?</Trans> : <Trans>Let it run dry?</Trans>}
          confirm={own.draining ? <Trans>Take workloads</Trans> : <Trans>Run dry</Trans>}
          effects={
            own.draining
              ? {
                  money: <Trans>It can be leased and paid again, at the prices of its offers.</Trans>,
                  data: <Trans>Nothing.</Trans>,
                  time: <Trans>At once, when its agent is there.</Trans>,
                }
              : {
                  money: (
                    <Trans>
                      Leases that are open go on and are paid. No new ones come from this market; whoever holds one of
                      its signed offers may still open a lease on chain until the offer ends, and it is served.
                    </Trans>
                  ),
                  data: <Trans>Nothing.</Trans>,
                  time: <Trans>At once, until you take it back. It outlives a restart of the agent.</Trans>,
                }
          }
          run={() => drain.mutateAsync({ params: { id }, body: { draining: !own.draining } })}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </Section>
  );
}
