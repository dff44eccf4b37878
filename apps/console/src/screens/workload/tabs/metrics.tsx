import type { attemptUsage, WorkloadView } from "@corepool/protocol/resources";
import { workloadMetrics } from "@corepool/protocol/routes/records";
import { isOver } from "@corepool/sdk/follow";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMemo, useState } from "react";
import type { z } from "zod";
import { useRoute } from "../../../data/query.ts";
import { LineChart, type Series } from "../../../kit/chart/line-chart.tsx";
import { Choice } from "../../../kit/form/choice.tsx";
import { Section } from "../../../kit/ui/page.tsx";
import { Empty, Failure, Skeleton, Stale } from "../../../kit/ui/states.tsx";

type Usage = z.output<typeof attemptUsage>;

const READ_MS = 5_000;
const POINTS = 240;
const cpusText = (value: number): string => String(Number(value.toFixed(2)));
const countText = (value: number): string => String(Math.round(value));
const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** Bytes are drawn in the unit of their limit, so that the steps of the scale are round. */
const UNITS = {
  gib: { bytes: GIB, text: (value: number): string => `${Number(value.toFixed(2))} GiB` },
  mib: { bytes: MIB, text: (value: number): string => `${Number(value.toFixed(1))} MiB` },
} as const;
const unitOf = (limit: number) => (limit >= 4 * GIB ? UNITS.gib : UNITS.mib);

function Charts({ usage }: { readonly usage: Usage }) {
  const { t } = useLingui();
  const { points, limits } = usage;
  // The charts draw anew when these are other objects: they are made when there are other points.
  const times = useMemo(() => points.map((point) => Date.parse(point.at)), [points]);
  const lines = useMemo(() => {
    const line = (name: string, colour: Series["colour"], values: Series["values"]): Series => ({
      name,
      colour,
      values,
    });
    const flat = (value: number): Series =>
      line(
        t`Limit`,
        "muted",
        points.map(() => value),
      );
    const inUnit = (limit: number, values: readonly (number | null)[]) => {
      const { bytes } = unitOf(limit);
      return [
        line(
          t`In use`,
          "accent",
          values.map((value) => (value === null ? null : value / bytes)),
        ),
        flat(limit / bytes),
      ];
    };
    return {
      cpus: [
        line(
          t`In use`,
          "accent",
          points.map((point) => point.cpus),
        ),
        flat(limits.cpus),
      ],
      memory: inUnit(
        limits.memoryBytes,
        points.map((point) => point.memoryBytes),
      ),
      disk: inUnit(
        limits.diskBytes,
        points.map((point) => point.diskBytes),
      ),
      processes: [
        line(
          t`Processes`,
          "info",
          points.map((point) => point.processes),
        ),
      ],
    };
  }, [points, limits.cpus, limits.memoryBytes, limits.diskBytes, t]);
  return (
    <div className="grid gap-x-8 gap-y-6 lg:grid-cols-2">
      <LineChart title={t`CPUs`} times={times} series={lines.cpus} format={cpusText} />
      <LineChart title={t`Memory`} times={times} series={lines.memory} format={unitOf(limits.memoryBytes).text} />
      <LineChart title={t`Disk`} times={times} series={lines.disk} format={unitOf(limits.diskBytes).text} />
      <LineChart title={t`Processes`} times={times} series={lines.processes} format={countText} />
    </div>
  );
}

/** What it used over time, attempt by attempt; it stays after the end. */
export function MetricsTab({ workload }: { readonly workload: WorkloadView }) {
  const { t } = useLingui();
  const over = isOver(workload);
  const query = useRoute(
    workloadMetrics,
    { params: { id: workload.id }, query: { points: POINTS } },
    over ? {} : { every: READ_MS },
  );
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const attempts = query.data?.data ?? [];
  const usage = attempts.find((each) => each.attempt === chosen) ?? attempts.at(-1);
  if (query.error !== null && query.data === undefined)
    return <Failure error={query.error} again={() => void query.refetch()} />;
  if (query.data === undefined)
    return (
      <div className="p-4 md:px-6">
        <Skeleton className="h-48 w-full" />
      </div>
    );
  return (
    <>
      {query.error === null ? null : <Stale at={query.dataUpdatedAt} again={() => void query.refetch()} />}
      {usage === undefined || usage.points.length === 0 ? (
        <Empty title={<Trans>Nothing has been measured</Trans>}>
          {over ? (
            <Trans>It ended before the machine measured it, which it does every five seconds.</Trans>
          ) : (
            <Trans>The machine measures it every five seconds, from when it runs.</Trans>
          )}
        </Empty>
      ) : (
        <Section
          title={<Trans>What it uses</Trans>}
          note={<Trans>Measured by its machine, kept for a month after its end.</Trans>}
        >
          {attempts.length > 1 ? (
            <div className="mb-4">
              <Choice
                label={t`Attempt`}
                value={usage.attempt}
                options={attempts.map((each) => [each.attempt, String(each.number)])}
                onChange={setChosen}
              />
            </div>
          ) : null}
          <Charts usage={usage} />
        </Section>
      )}
    </>
  );
}
