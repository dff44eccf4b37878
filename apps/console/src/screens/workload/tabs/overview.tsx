import type { WorkloadEvent, WorkloadView } from "@corepool/protocol/resources";
import { isOver } from "@corepool/sdk/follow";
import { Trans, useLingui } from "@lingui/react/macro";
import { Timeline } from "../../../kit/chart/timeline.tsx";
import { Section } from "../../../kit/ui/page.tsx";
import { useNow } from "../../../kit/values/time.tsx";
import { useWorkloadStateName } from "../../../kit/values/workload-state.tsx";
import { Attempt } from "../attempt.tsx";
import { machineOf } from "../bill.ts";
import { MachineCard } from "../machine-card.tsx";
import { workloadStretches } from "../phases.ts";
import { useNextStep, useReason, WORKLOAD_TONES } from "../use-words.ts";
import { Waiting } from "../waiting.tsx";

/** How it goes: the road so far, every attempt, the machine, and while it waits, who refuses it and why. */
export function OverviewTab({
  workload,
  events,
}: {
  readonly workload: WorkloadView;
  readonly events: readonly WorkloadEvent[];
}) {
  const { t } = useLingui();
  const now = useNow();
  const name = useWorkloadStateName();
  const next = useNextStep();
  const reason = useReason();
  const over = isOver(workload);
  const phases = workloadStretches(workload, events)
    .map(({ state, from, to }) => ({
      name: name(state),
      from,
      to: to ?? Math.max(from, now),
      tone: WORKLOAD_TONES[state],
    }))
    // The end is a point, not a stretch; the state beside the title says it.
    .filter((phase, index, all) => !(over && index === all.length - 1 && phase.from === phase.to));
  const machine = machineOf(workload);
  return (
    <>
      <Section title={over ? <Trans>How it went</Trans> : <Trans>How it goes</Trans>}>
        <Timeline title={t`Since it was submitted`} phases={phases} />
        <p className="mt-3 max-w-prose text-sm" data-next>
          <span className="text-muted">
            <Trans>Next:</Trans>{" "}
          </span>
          {next(workload)}
        </p>
        {workload.reason === null ? null : (
          <p className="mt-1 max-w-prose text-sm">
            <span className="text-muted">{over ? <Trans>Why it ended:</Trans> : <Trans>Lately:</Trans>} </span>
            {reason(workload.reason)}
            {workload.detail === null ? null : <span className="text-muted"> {workload.detail}</span>}
          </p>
        )}
        {workload.state === "frozen" ? (
          <p className="mt-1 max-w-prose text-sm">
            <Trans>
              To go on paying from where it was ordered, run{" "}
              <code className="font-mono">corepool watch {workload.id}</code>.
            </Trans>
          </p>
        ) : null}
      </Section>
      {workload.state === "pending" ? <Waiting workload={workload} /> : null}
      {workload.attempts.length === 0 ? null : (
        <Section title={<Trans>Attempts</Trans>}>
          <ol className="flex flex-col gap-4">
            {[...workload.attempts].reverse().map((attempt) => (
              <Attempt key={attempt.id} attempt={attempt} />
            ))}
          </ol>
        </Section>
      )}
      {machine === undefined ? null : (
        <MachineCard
          id={machine}
          isolation={workload.attempts.at(-1)?.isolation ?? workload.placed?.signed.spec.isolation}
        />
      )}
    </>
  );
}
