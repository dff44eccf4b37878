import type { WorkloadEvent } from "@corepool/protocol/resources";
import { Trans, useLingui } from "@lingui/react/macro";
import { Section } from "../../../kit/ui/page.tsx";
import { Empty, Failure, Skeleton } from "../../../kit/ui/states.tsx";
import { Time } from "../../../kit/values/time.tsx";
import { useReason } from "../use-words.ts";

const CELL = "whitespace-nowrap border-b border-line py-1.5 pr-4 text-left align-top";

/** Everything that happened to it, newest first. */
export function EventsTab({
  events,
  ready,
  error,
  again,
}: {
  readonly events: readonly WorkloadEvent[];
  readonly ready: boolean;
  readonly error: Error | null;
  readonly again: () => void;
}) {
  const { t } = useLingui();
  const reason = useReason();
  if (error !== null && !ready) return <Failure error={error} again={again} />;
  if (!ready)
    return (
      <div className="p-4 md:px-6">
        <Skeleton className="h-40 w-full" />
      </div>
    );
  if (events.length === 0)
    return (
      <Empty title={<Trans>No events are kept</Trans>}>
        <Trans>Events are kept for a month.</Trans>
      </Empty>
    );
  return (
    <Section title={<Trans>What happened</Trans>} note={<Trans>Newest first, kept for a month.</Trans>}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <section className="scroll-thin overflow-x-auto" tabIndex={0} aria-label={t`Events`}>
        <table className="w-full text-sm">
          <thead>
            <tr className="text-muted">
              <th scope="col" className={`${CELL} font-normal`}>
                <Trans>When</Trans>
              </th>
              <th scope="col" className={`${CELL} font-normal`}>
                <Trans>Event</Trans>
              </th>
              <th scope="col" className={`${CELL} w-full font-normal`}>
                <Trans>Said</Trans>
              </th>
            </tr>
          </thead>
          <tbody>
            {[...events].reverse().map((event) => (
              <tr key={event.id}>
                <td className={CELL}>
                  <Time at={event.at} seconds />
                </td>
                <td className={`${CELL} font-mono whitespace-nowrap`}>{event.type}</td>
                <td className={`${CELL} text-muted`}>{event.note === null ? "–" : reason(event.note)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Section>
  );
}
