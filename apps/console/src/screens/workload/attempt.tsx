import type { AttemptView } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { Facts } from "../../kit/ui/page.tsx";
import { AddressView, Hash } from "../../kit/values/hash.tsx";
import { bytesText, durationText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Time, useNow } from "../../kit/values/time.tsx";
import { attemptStretches } from "./phases.ts";
import { ATTEMPT_TONES, useAttemptStep, useReason } from "./use-words.ts";

const CELL = "whitespace-nowrap border-b border-line py-1 pr-4 text-left align-top";

/** One attempt: where, its steps with what each took and said, and how it ended. */
export function Attempt({ attempt }: { readonly attempt: AttemptView }) {
  const { t } = useLingui();
  const now = useNow();
  const step = useAttemptStep();
  const reason = useReason();
  const steps = attemptStretches(attempt);
  const { usage } = attempt;
  const failed = attempt.state === "ended" && (attempt.reason !== "exited" || attempt.exitCode !== 0);
  return (
    <li
      className="grid items-start gap-x-8 gap-y-3 lg:grid-cols-[minmax(0,1fr)_minmax(0,24rem)]"
      data-attempt={attempt.number}
    >
      <div className="min-w-0">
        <h3 className="mb-1 flex flex-wrap items-center gap-x-3 text-sm font-medium">
          <Trans>Attempt {attempt.number}</Trans>
          <span className="font-normal">
            <State tone={failed ? "bad" : ATTEMPT_TONES[attempt.state]}>{step(attempt.state)}</State>
          </span>
        </h3>
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
          tabIndex={0}
          aria-label={t`Steps of attempt ${attempt.number}`}
          className="scroll-thin overflow-x-auto"
        >
          <table className="w-full text-sm">
            <thead>
              <tr className="text-muted">
                <th scope="col" className={`${CELL} font-normal`}>
                  <Trans>Step</Trans>
                </th>
                <th scope="col" className={`${CELL} font-normal`}>
                  <Trans>Began</Trans>
                </th>
                <th scope="col" className={`${CELL} font-normal`}>
                  <Trans>Took</Trans>
                </th>
                <th scope="col" className={`${CELL} font-normal`}>
                  <Trans>Said</Trans>
                </th>
              </tr>
            </thead>
            <tbody>
              {steps.map((each) => (
                <tr key={`${each.state}${each.from}`}>
                  <th scope="row" className={`${CELL} font-normal whitespace-nowrap`}>
                    <State tone={each.state === "ended" && failed ? "bad" : ATTEMPT_TONES[each.state]}>
                      {step(each.state)}
                    </State>
                  </th>
                  <td className={CELL}>
                    <Time at={each.from} seconds />
                  </td>
                  <td className={`${CELL} font-mono whitespace-nowrap`}>
                    {each.state === "ended" ? "–" : durationText(Math.max(0, (each.to ?? now) - each.from))}
                  </td>
                  <td className={`${CELL} w-full text-muted`}>
                    {each.note === null ? "–" : each.state === "ended" ? reason(each.note) : each.note}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </div>
      <Facts
        facts={[
          [t`Provider`, <AddressView key="p" address={attempt.provider} />],
          [t`Machine`, <Hash key="m" value={attempt.machine} />],
          [t`Lease`, <Hash key="l" value={attempt.lease} />],
          ...(attempt.reason === null ? [] : [[t`Ended because`, reason(attempt.reason)] as const]),
          ...(attempt.exitCode === null ? [] : [[t`Exit code`, <code key="e">{attempt.exitCode}</code>] as const]),
          ...(usage === null
            ? []
            : ([
                [
                  t`Ran for`,
                  durationText(Number(usage.endedAtMs) - Number(usage.startedAtMs) - Number(usage.frozenMs)),
                ],
                [t`Processor time`, durationText(Number(usage.cpuMs))],
                [t`Most memory`, bytesText(Number(usage.maxRssBytes))],
              ] as const)),
        ]}
      />
    </li>
  );
}
