import { getMachine } from "@corepool/protocol/routes/market";
import type { Isolation } from "@corepool/protocol/spec";
import { Trans, useLingui } from "@lingui/react/macro";
import { useRoute } from "../../data/query.ts";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { Failure, Skeleton } from "../../kit/ui/states.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Ago } from "../../kit/values/time.tsx";

const READ_MS = 15_000;

/** The machine that a workload has or had, as it reports itself, and how what runs on it is isolated. */
export function MachineCard({
  id,
  isolation,
}: {
  readonly id: `0x${string}`;
  readonly isolation: Isolation | undefined;
}) {
  const { t } = useLingui();
  const query = useRoute(getMachine, { params: { id } }, { every: READ_MS });
  const machine = query.data;
  return (
    <Section title={<Trans>Machine</Trans>} note={<Trans>Hardware as its machine reports it.</Trans>}>
      {machine === undefined ? (
        query.error === null ? (
          <Skeleton className="h-24 w-full" />
        ) : (
          <Failure error={query.error} again={() => void query.refetch()} />
        )
      ) : (
        <div className="grid items-start gap-x-8 gap-y-4 lg:grid-cols-2">
          <Facts
            facts={[
              [t`Id`, <Hash key="i" value={machine.id} />],
              [
                t`Contact`,
                machine.online ? (
                  <State key="c" tone="live">{t`Online`}</State>
                ) : (
                  <State key="c" tone="warn">
                    {machine.lastSeenAt === null ? (
                      <Trans>Never seen</Trans>
                    ) : (
                      <Trans>
                        Last seen <Ago at={machine.lastSeenAt} /> ago
                      </Trans>
                    )}
                  </State>
                ),
              ],
              ...machine.units.flatMap((unit) => [
                [t`CPUs`, `${unit.resources.cpus} · ${unit.platform.cpuModel}`] as const,
                [t`Memory`, bytesText(unit.resources.memoryBytes)] as const,
                [t`Disk`, bytesText(unit.resources.diskBytes)] as const,
                ...unit.resources.gpus.map((gpu) => [t`GPU`, `${gpu.model} · ${bytesText(gpu.memoryBytes)}`] as const),
                [t`System`, `${unit.platform.os} ${unit.platform.arch} · ${unit.platform.kernel}`] as const,
              ]),
              [t`Agent`, <code key="a">{machine.agentVersion}</code>],
            ]}
          />
          {isolation === undefined ? null : (
            <Facts
              facts={[
                [t`Sandbox`, `${isolation.runtime} ${isolation.runtimeVersion}`],
                [
                  t`Limits`,
                  isolation.limits === "rlimit" ? t`process limits only` : t`hard limits (${isolation.limits})`,
                ],
                [t`Runs as`, isolation.user === "dedicated" ? t`a system user of its own` : t`the agent's user`],
                [t`System calls`, isolation.seccomp ? t`filtered` : t`not filtered`],
                [t`Network`, t`none`],
                [
                  t`Known weaknesses`,
                  isolation.weaknesses.length === 0 ? (
                    t`none reported`
                  ) : (
                    <ul key="w">
                      {isolation.weaknesses.map((each) => (
                        <li key={each}>
                          <State tone="warn">
                            <span className="font-mono break-all whitespace-normal">{each}</span>
                          </State>
                        </li>
                      ))}
                    </ul>
                  ),
                ],
              ]}
            />
          )}
        </div>
      )}
    </Section>
  );
}
