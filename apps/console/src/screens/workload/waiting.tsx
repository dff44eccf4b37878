import type { Refusal, WorkloadView } from "@corepool/protocol/resources";
import { explainPlacement } from "@corepool/protocol/routes/workloads";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useRoute } from "../../data/query.ts";
import { Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { groupRefusals } from "./refusals.ts";

const LOOK_MS = 10_000;

function useDimension(): (dimension: Refusal["dimension"]) => string {
  const { t } = useLingui();
  return (dimension) =>
    ({
      cpus: t`CPUs`,
      memory: t`Memory`,
      disk: t`Disk`,
      "gpu-count": t`GPUs`,
      "gpu-model": t`GPU model`,
      "gpu-memory": t`GPU memory`,
      price: t`Price`,
      token: t`Token`,
      duration: t`Duration`,
      isolation: t`Isolation`,
      software: t`Software`,
      provider: t`Provider`,
      busy: t`Taken by others`,
      offline: t`Offline`,
      "offer-expired": t`Offer expired`,
      funds: t`Funds`,
    })[dimension];
}

/** Who refuses a workload that waits, by reason, and which single change would have it taken. */
export function Waiting({ workload }: { readonly workload: WorkloadView }) {
  const dimension = useDimension();
  const { spec, constraints, placed } = workload;
  const query = useRoute(explainPlacement, { body: { spec, constraints } }, { every: LOOK_MS });
  const refusals = query.data?.refusals ?? placed?.refusals ?? [];
  const relaxations = query.data?.relaxations ?? [];
  const fitting = query.data?.candidates.length;
  return (
    <Section
      title={<Trans>Who can run it now</Trans>}
      note={
        fitting === undefined ? undefined : (
          <Plural value={fitting} _0="No offer fits." one="# offer fits." other="# offers fit." />
        )
      }
    >
      {query.error !== null && query.data === undefined && placed === null ? (
        <Failure error={query.error} again={() => void query.refetch()} />
      ) : null}
      {query.data === undefined && placed === null && query.error === null ? (
        <Skeleton className="h-16 w-full" />
      ) : null}
      {refusals.length === 0 ? null : (
        <ul className="flex flex-col gap-1 text-sm" data-refusals>
          {groupRefusals(refusals).map((group) => (
            <li key={group.dimension} className="grid grid-cols-[6rem_8rem_minmax(0,1fr)] gap-x-3 phone:grid-cols-2">
              <span className="text-muted">
                <Plural value={group.machines} one="# machine" other="# machines" />
              </span>
              <span className="font-medium">{dimension(group.dimension)}</span>
              <span>
                <Trans>
                  asked <code className="font-mono">{group.asked}</code>, there{" "}
                  <code className="font-mono">{group.had.join(" · ")}</code>
                </Trans>
              </span>
            </li>
          ))}
        </ul>
      )}
      {relaxations.length === 0 ? null : (
        <div className="mt-3 text-sm">
          <p className="text-muted">
            <Trans>One change would be enough:</Trans>
          </p>
          <ul className="mt-1 flex flex-col gap-1">
            {relaxations.map((each) => (
              <li key={each.dimension}>
                <span className="font-medium">{dimension(each.dimension)}</span>{" "}
                <code className="font-mono">{each.change}</code>{" "}
                <span className="text-muted">
                  <Plural value={each.offers} one="# offer would fit" other="# offers would fit" />
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Section>
  );
}
