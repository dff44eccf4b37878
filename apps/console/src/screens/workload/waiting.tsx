import type { WorkloadView } from "@corepool/protocol/resources";
import { explainPlacement } from "@corepool/protocol/routes/workloads";
import { Plural, Trans } from "@lingui/react/macro";
import { useRoute } from "../../data/query.ts";
import { Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { useChangeText, useDimensionName } from "../../placement/changes.ts";
import { groupRefusals } from "../../placement/refusals.ts";
import { useTokens } from "./use-tokens.ts";

const LOOK_MS = 10_000;

/** Who refuses a workload that waits, by reason, and which single change would have it taken. */
export function Waiting({ workload }: { readonly workload: WorkloadView }) {
  const { spec, constraints, placed } = workload;
  const dimension = useDimensionName();
  const text = useChangeText(useTokens()(constraints.token));
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
            <li key={group.dimension} className="grid grid-cols-[6rem_12rem_minmax(0,1fr)] gap-x-3 phone:grid-cols-2">
              <span className="text-muted">
                <Plural value={group.count} one="# offer" other="# offers" />
              </span>
              <span className="font-medium">{dimension(group.dimension)}</span>
              <span>
                <Trans>
                  asked <code className="font-mono">{group.asked}</code>, there{" "}
                  <code className="font-mono">{group.had.join(" · ")}</code>
                </Trans>
                {group.more ? " …" : ""}
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
                {text(each)}{" "}
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
