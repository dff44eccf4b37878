import type { Token } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import { cancelWorkload, getWorkload, listWorkloads } from "@corepool/protocol/routes/workloads";
import { isOver } from "@corepool/sdk/follow";
import { Plural, Trans } from "@lingui/react/macro";
import { useState } from "react";
import { call } from "../../data/client.ts";
import { keyOf, queries } from "../../data/query.ts";
import { EffectsDialog } from "../../kit/ui/effects-dialog.tsx";
import { Money } from "../../kit/values/money.tsx";
import { Duration, useNow } from "../../kit/values/time.tsx";
import { titleOf } from "../workload/bill.ts";
import { stopEffects } from "./stop-effects.ts";

const MOST_NAMES = 5;

/** Asks before workloads are stopped: what is billed, what comes back, what is kept. Those that have ended are left out. */
export default function StopDialog({
  workloads,
  tokenOf,
  onStopped,
  onClose,
}: {
  readonly workloads: readonly WorkloadView[];
  readonly tokenOf: (address: string) => Token | undefined;
  readonly onStopped?: () => void;
  readonly onClose: () => void;
}) {
  const now = useNow();
  // What ends while the question stands stays in it: the names do not move under the reader's eyes.
  const [asked] = useState(() => workloads.filter((each) => !isOver(each)));
  const current = asked.map((each) => workloads.find(({ id }) => id === each.id) ?? each);
  const effects = stopEffects(current, now);
  const run = async (): Promise<void> => {
    const answers = await Promise.allSettled(asked.map(({ id }) => call(cancelWorkload, { params: { id } })));
    await Promise.all([
      queries.invalidateQueries({ queryKey: keyOf(listWorkloads) }),
      ...asked.map(({ id }) => queries.invalidateQueries({ queryKey: keyOf(getWorkload, { params: { id } }) })),
    ]);
    const refused = answers.find((each) => each.status === "rejected");
    if (refused !== undefined) throw refused.reason;
  };
  const count = asked.length;
  return (
    <EffectsDialog
      title={<Plural value={count} one="Stop this workload?" other="Stop # workloads?" />}
      danger
      confirm={<Trans>Stop</Trans>}
      effects={{
        money: (
          <div className="flex flex-col gap-1">
            {effects.sums.map((sum) => {
              const token = tokenOf(sum.token);
              return token === undefined ? null : (
                <p key={sum.token}>
                  <Trans>
                    <Money base={sum.spent} token={token} /> is billed so far, and at most{" "}
                    <Money base={sum.most - sum.spent} token={token} /> more. The rest, now{" "}
                    <Money base={sum.back} token={token} />, comes back from escrow to your balance.
                  </Trans>
                </p>
              );
            })}
            {effects.withoutLease > 0 ? (
              <p>
                <Plural
                  value={effects.withoutLease}
                  one="One has no lease yet: it costs nothing."
                  other="# have no lease yet: they cost nothing."
                />
              </p>
            ) : null}
          </div>
        ),
        data: (
          <Trans>
            The log, and what has been written to the outputs, is kept. Everything else in the sandbox is deleted, also
            what is in memory.
          </Trans>
        ),
        time: (
          <Trans>
            The machine is told at once. The bill is settled within about{" "}
            <Duration ms={effects.settleSeconds * 1_000} />. A stopped workload cannot be resumed.
          </Trans>
        ),
      }}
      run={run}
      {...(onStopped === undefined ? {} : { onDone: onStopped })}
      onClose={onClose}
    >
      <ul className="flex flex-col gap-1 text-sm">
        {current.slice(0, MOST_NAMES).map((each) => (
          <li key={each.id} className="truncate font-mono">
            {titleOf(each)}
          </li>
        ))}
        {count > MOST_NAMES ? (
          <li className="text-muted">
            <Plural value={count - MOST_NAMES} one="and one more" other="and # more" />
          </li>
        ) : null}
      </ul>
    </EffectsDialog>
  );
}
