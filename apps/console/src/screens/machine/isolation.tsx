import { fixedProgram, weaknessId } from "@corepool/core/weakness";
import { Trans, useLingui } from "@lingui/react/macro";
import { Facts, Section } from "../../kit/ui/page.tsx";
import { State } from "../../kit/values/state.tsx";
import type { FleetRow } from "../provider/fleet.ts";

/** What the machine's owner can do about a weakness. */
function useCure(): (mark: string) => string {
  const { t } = useLingui();
  return (mark) => {
    const fixed = fixedProgram(mark);
    if (fixed !== undefined)
      return t`Install ${fixed.program} ${fixed.version} or later, from a newer release of the distribution or from its source, and restart the agent.`;
    if (/^(memory|disk)-/.test(mark)) return t`Start the agent as root: its supervisor prepares what the limits need.`;
    return t`Run corepool doctor on the machine.`;
  };
}

/** How it keeps workloads apart from itself and from each other, what is weak about that, and the cure. */
export function Isolation({ row }: { readonly row: FleetRow }) {
  const { t } = useLingui();
  const cure = useCure();
  const isolation = row.machine.units[0]?.isolation;
  if (isolation === undefined) return null;
  return (
    <Section
      title={<Trans>Isolation</Trans>}
      note={<Trans>Part of what the provider signs: a lease gets this or nothing.</Trans>}
    >
      <div className="grid items-start gap-x-10 gap-y-4 md:grid-cols-2">
        <Facts
          facts={[
            [t`Sandbox`, `${isolation.runtime} ${isolation.runtimeVersion}`],
            [
              t`Runs as`,
              isolation.user === "dedicated" ? t`a system user of its own` : t`the user who started the agent`,
            ],
            [t`Limits`, isolation.limits === "rlimit" ? t`process limits only` : t`hard limits (${isolation.limits})`],
            [
              t`Disk limit`,
              isolation.workspace === "ext4-loop" ? t`enforced by its own file system` : t`watched, not enforced`,
            ],
            [t`System calls`, isolation.seccomp ? t`filtered (seccomp)` : t`not filtered`],
            [t`Network`, t`none`],
          ]}
        />
        <div data-weaknesses>
          <h3 className="mb-2 text-sm text-muted">
            <Trans>Known weaknesses</Trans>
          </h3>
          {row.weaknesses.length === 0 ? (
            <State tone="done">{t`None reported`}</State>
          ) : (
            <ul className="flex flex-col gap-3 text-sm">
              {row.weaknesses.map((mark) => (
                <li key={mark}>
                  <State tone="warn">
                    <span className="font-mono break-all whitespace-normal" title={mark}>
                      {weaknessId(mark)}
                    </span>
                  </State>
                  <p className="text-muted">{cure(mark)}</p>
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
    </Section>
  );
}
