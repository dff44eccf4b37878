import type { Token } from "@corepool/core/money";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { Link } from "../../app/link.tsx";
import type { Column } from "../../kit/table/model.ts";
import { AddressView } from "../../kit/values/hash.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { shortened } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Ago } from "../../kit/values/time.tsx";
import type { Sums } from "./attribution.ts";
import { Earned } from "./earned.tsx";
import { type FleetRow, hardwareOf, priceRange } from "./fleet.ts";

/** Whether a machine is there, and whether it can be rented. */
export function MachineState({ row }: { readonly row: FleetRow }) {
  const { t } = useLingui();
  if (!row.machine.online) return <State tone="bad">{t`Offline`}</State>;
  if (row.own?.draining === true) return <State tone="warn">{t`Draining`}</State>;
  if (row.offers.length === 0) return <State tone="warn">{t`No offer`}</State>;
  if (row.leased > 0) return <State tone="info">{t`Serving`}</State>;
  return <State tone="live">{t`Free`}</State>;
}

/** Columns of the machines. */
export function useFleetColumns(
  tokenOf: (address: string) => Token | undefined,
  earned: (row: FleetRow) => Sums,
  today: (row: FleetRow) => Sums,
): readonly Column<FleetRow>[] {
  const { t } = useLingui();
  return useMemo(() => {
    const first = (sums: Sums): bigint => [...sums][0]?.[1] ?? 0n;
    return [
      {
        id: "state",
        header: t`Health`,
        width: 104,
        cell: (row) => <MachineState row={row} />,
        value: (row) => (row.machine.online ? (row.leased > 0 ? "serving" : "free") : "offline"),
      },
      {
        id: "machine",
        header: t`Machine`,
        width: 128,
        cell: (row) => (
          <Link
            to={`/provider/m/${row.machine.id}`}
            onClick={(event) => event.stopPropagation()}
            title={row.machine.id}
            className="font-mono text-accent underline underline-offset-2"
          >
            {shortened(row.machine.id)}
          </Link>
        ),
        value: (row) => row.machine.id,
      },
      { id: "hardware", header: t`Hardware`, wide: true, cell: hardwareOf, value: hardwareOf },
      {
        id: "seen",
        header: t`Last seen`,
        width: 112,
        cell: (row) =>
          row.machine.lastSeenAt === null ? (
            <Trans>not yet</Trans>
          ) : (
            <Trans>
              <Ago at={row.machine.lastSeenAt} /> ago
            </Trans>
          ),
        value: (row) => row.machine.lastSeenAt ?? undefined,
      },
      {
        id: "units",
        header: t`Units taken`,
        width: 104,
        align: "end",
        wide: true,
        cell: (row) => (
          <span>
            {row.leased} / {row.machine.units.length}
          </span>
        ),
        value: (row) => row.leased,
      },
      {
        id: "offers",
        header: t`Offers`,
        width: 80,
        align: "end",
        wide: true,
        cell: (row) => row.offers.length,
        value: (row) => row.offers.length,
      },
      {
        id: "price",
        header: t`Price from`,
        width: 160,
        align: "end",
        wide: true,
        cell: (row) => {
          const range = priceRange(row.offers);
          const token = range === undefined ? undefined : tokenOf(range.token);
          return range === undefined || token === undefined ? (
            <span className="text-faint">–</span>
          ) : (
            <Rate perSecond={range.low} token={token} />
          );
        },
        value: (row) => priceRange(row.offers)?.low,
      },
      {
        id: "today",
        header: t`Earned today`,
        width: 184,
        align: "end",
        wide: true,
        cell: (row) => <Earned sums={today(row)} tokenOf={tokenOf} />,
        value: (row) => first(today(row)),
      },
      {
        id: "earned",
        header: t`Earned in all`,
        width: 184,
        align: "end",
        wide: true,
        cell: (row) => <Earned sums={earned(row)} tokenOf={tokenOf} />,
        value: (row) => first(earned(row)),
      },
      {
        id: "weaknesses",
        header: t`Weaknesses`,
        width: 128,
        hidden: true,
        cell: (row) =>
          row.weaknesses.length === 0 ? (
            <span className="text-faint">–</span>
          ) : (
            <State tone="warn">
              <Plural value={row.weaknesses.length} one="# known" other="# known" />
            </State>
          ),
        value: (row) => row.weaknesses.length,
      },
      {
        id: "pay-to",
        header: t`Paid to`,
        width: 168,
        hidden: true,
        cell: (row) => (row.payTo[0] === undefined ? "–" : <AddressView address={row.payTo[0]} />),
        value: (row) => row.payTo[0],
      },
      {
        id: "agent",
        header: t`Agent`,
        width: 96,
        hidden: true,
        cell: (row) => row.machine.agentVersion,
        value: (row) => row.machine.agentVersion,
      },
    ];
  }, [t, tokenOf, earned, today]);
}
