import type { Token } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import { workloadMetrics } from "@corepool/protocol/routes/records";
import { isOver } from "@corepool/sdk/follow";
import { useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { Link } from "../../app/link.tsx";
import { useRoute } from "../../data/query.ts";
import { Sparkline } from "../../kit/chart/sparkline.tsx";
import type { Column } from "../../kit/table/model.ts";
import { Hash } from "../../kit/values/hash.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import { durationText } from "../../kit/values/quantities.ts";
import { Time, useNow } from "../../kit/values/time.tsx";
import { useWorkloadStateName, WorkloadState } from "../../kit/values/workload-state.tsx";
import { ageMs, billOf, commandLine, machineOf, timeLeftMs, titleOf } from "../workload/bill.ts";

/** Points of a sparkline. */
const POINTS = 32;
const METRICS_MS = 15_000;

type TokenOf = (address: string) => Token | undefined;

function Cost({ workload, tokenOf }: { readonly workload: WorkloadView; readonly tokenOf: TokenOf }) {
  const bill = billOf(workload, useNow());
  const token = bill === undefined ? undefined : tokenOf(bill.token);
  return bill === undefined || token === undefined ? (
    <span className="text-faint">–</span>
  ) : (
    <Money base={bill.spent} token={token} />
  );
}

function Age({ workload }: { readonly workload: WorkloadView }) {
  return <span className="tabular-nums">{durationText(ageMs(workload, useNow()))}</span>;
}

function Left({ workload }: { readonly workload: WorkloadView }) {
  const left = timeLeftMs(workload, useNow());
  return left === undefined ? (
    <span className="text-faint">–</span>
  ) : (
    <span className="tabular-nums">{durationText(left)}</span>
  );
}

/** What a running workload used of its processors, as a line; a dash where nothing has been measured. */
function Use({ workload }: { readonly workload: WorkloadView }) {
  const { t, i18n } = useLingui();
  const live = workload.attempts.length > 0 && !isOver(workload);
  const metrics = useRoute(
    workloadMetrics,
    { params: { id: workload.id }, query: { points: POINTS } },
    { enabled: live, every: METRICS_MS },
  );
  const points = metrics.data?.data.at(-1)?.points ?? [];
  const newest = points.at(-1);
  if (newest === undefined || points.length < 2) return <span className="text-faint">–</span>;
  const cpus = i18n.number(newest.cpus, { maximumFractionDigits: 1 });
  return (
    <span className="inline-flex items-center gap-2">
      <Sparkline values={points.map((point) => point.cpus)} label={t`${cpus} CPUs in use now`} />
      <span className="text-muted tabular-nums">{cpus}</span>
    </span>
  );
}

/** The list's columns. */
export function useWorkloadColumns(tokenOf: TokenOf): readonly Column<WorkloadView>[] {
  const { t } = useLingui();
  const stateName = useWorkloadStateName();
  return useMemo(
    () => [
      {
        id: "state",
        header: t`State`,
        width: 116,
        cell: (row) => <WorkloadState state={row.state} />,
        value: (row) => stateName(row.state),
      },
      {
        id: "name",
        header: t`Name or command`,
        cell: (row) => (
          <Link
            to={`/w/${row.id}`}
            tabIndex={-1}
            className={`hover:underline ${row.spec.name === undefined ? "font-mono" : ""}`}
            title={commandLine(row.spec.command)}
            onClick={(event) => event.stopPropagation()}
          >
            {titleOf(row)}
          </Link>
        ),
        value: titleOf,
      },
      {
        id: "machine",
        header: t`Machine`,
        width: 148,
        wide: true,
        cell: (row) => {
          const machine = machineOf(row);
          return machine === undefined ? <span className="text-faint">–</span> : <Hash value={machine} />;
        },
        value: machineOf,
      },
      {
        id: "cost",
        header: t`Cost so far`,
        width: 132,
        align: "end",
        wide: true,
        cell: (row) => <Cost workload={row} tokenOf={tokenOf} />,
        value: (row) => billOf(row, Date.now())?.spent,
      },
      { id: "use", header: t`CPUs in use`, width: 128, wide: true, cell: (row) => <Use workload={row} /> },
      {
        id: "age",
        header: t`Age`,
        width: 88,
        align: "end",
        wide: true,
        cell: (row) => <Age workload={row} />,
        value: (row) => Math.round(ageMs(row, Date.now()) / 1_000),
      },
      {
        id: "left",
        header: t`Time left`,
        width: 96,
        align: "end",
        wide: true,
        cell: (row) => <Left workload={row} />,
        value: (row) => {
          const left = timeLeftMs(row, Date.now());
          return left === undefined ? undefined : Math.round(left / 1_000);
        },
      },
      {
        id: "rate",
        header: t`Price per hour`,
        width: 148,
        align: "end",
        wide: true,
        hidden: true,
        cell: (row) => {
          const bill = billOf(row, 0);
          const token = bill === undefined ? undefined : tokenOf(bill.token);
          return bill === undefined || token === undefined ? (
            <span className="text-faint">–</span>
          ) : (
            <Rate perSecond={bill.rate} token={token} />
          );
        },
        value: (row) => billOf(row, 0)?.rate,
      },
      {
        id: "created",
        header: t`Submitted`,
        width: 176,
        wide: true,
        hidden: true,
        cell: (row) => <Time at={row.createdAt} />,
        value: (row) => row.createdAt,
      },
      {
        id: "id",
        header: t`Id`,
        width: 148,
        wide: true,
        hidden: true,
        cell: (row) => <Hash value={row.id} />,
        value: (row) => row.id,
      },
      {
        id: "command",
        header: t`Command`,
        width: 240,
        wide: true,
        hidden: true,
        cell: (row) => <span className="font-mono">{commandLine(row.spec.command)}</span>,
        value: (row) => commandLine(row.spec.command),
      },
    ],
    [t, tokenOf, stateName],
  );
}
