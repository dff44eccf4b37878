import type { WorkloadView } from "@corepool/protocol/resources";
import { listWorkloads } from "@corepool/protocol/routes/workloads";
import { isOver } from "@corepool/sdk/follow";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMemo, useState } from "react";
import { Link } from "../../app/link.tsx";
import { go } from "../../app/place.ts";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useStore } from "../../app/store.ts";
import { useWholeList } from "../../data/whole-list.ts";
import { identity } from "../../identity/identity.ts";
import { Table } from "../../kit/table/table.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty } from "../../kit/ui/states.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { show } from "../../shell/layers.ts";
import { billOf } from "../workload/bill.ts";
import { useTokens } from "../workload/use-tokens.ts";
import { useWorkloadColumns } from "./columns.tsx";
import { NothingToStop } from "./nothing-to-stop.tsx";
import screen from "./screen.ts";
import StopDialog from "./stop-dialog.tsx";

/** Events tell of changes of state; what payment notes add, nothing tells. */
const READ_MS = 8_000;
const STOP_ICON = "M4 4h8v8H4z";
const idOf = (row: WorkloadView): string => row.id;

/** What all that runs costs now, by token. */
function Burning({
  rows,
  tokenOf,
}: {
  readonly rows: readonly WorkloadView[];
  readonly tokenOf: ReturnType<typeof useTokens>;
}) {
  const rates = new Map<string, bigint>();
  for (const row of rows) {
    const bill = billOf(row, 0);
    if (bill?.burning === true) rates.set(bill.token, (rates.get(bill.token) ?? 0n) + bill.rate);
  }
  const running = rows.filter((row) => !isOver(row)).length;
  return (
    <span>
      <Plural value={running} _0="Nothing runs now." one="# goes on now." other="# go on now." />
      {[...rates].map(([address, rate]) => {
        const token = tokenOf(address);
        return token === undefined ? null : (
          <span key={address}>
            {" "}
            <Trans>
              Together they cost <Rate perSecond={rate} token={token} />.
            </Trans>
          </span>
        );
      })}
    </span>
  );
}

/** Everything that an account has had run: how it goes, and what it costs. */
export default function WorkloadsPage() {
  const { t } = useLingui();
  const who = useStore(identity);
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const list = useWholeList<WorkloadView>(listWorkloads, {}, { enabled: who !== undefined, every: READ_MS });
  const tokenOf = useTokens();
  const columns = useWorkloadColumns(tokenOf);
  const [stopping, setStopping] = useState<readonly string[] | undefined>(undefined);
  const shown = useMemo(
    () =>
      list.rows.filter((row) =>
        search.show === undefined ? true : search.show === "active" ? !isOver(row) : row.state === search.show,
      ),
    [list.rows, search.show],
  );
  const choices = [
    ["", t`All`],
    ["active", t`Going on`],
    ["succeeded", t`Succeeded`],
    ["failed", t`Failed`],
    ["cancelled", t`Cancelled`],
  ] as const;

  if (who === undefined)
    return (
      <>
        <PageHead title={<Trans>Workloads</Trans>} />
        <Empty
          title={<Trans>Your workloads stand here</Trans>}
          action={
            <Button look="primary" icon={ICONS.user} onClick={() => show("sign-in")}>
              <Trans>Sign in</Trans>
            </Button>
          }
        >
          <Trans>Sign in to see what you have had run, what runs now, and what it costs.</Trans>
        </Empty>
      </>
    );
  return (
    <div className="flex h-full min-h-0 flex-col low:h-auto">
      <PageHead title={<Trans>Workloads</Trans>}>
        {list.ready ? <Burning rows={list.rows} tokenOf={tokenOf} /> : null}
      </PageHead>
      <div className="min-h-0 flex-1">
        <Table
          id="workloads"
          label={t`Workloads`}
          data={{ ...list, rows: shown }}
          columns={columns}
          rowId={idOf}
          search={search}
          setSearch={setSearch as (patch: Readonly<Record<string, unknown>>) => void}
          onOpen={(row) => go(`/w/${row.id}`)}
          bulk={[
            {
              label: t`Stop`,
              icon: STOP_ICON,
              danger: true,
              run: (rows) => setStopping(rows.filter((row) => !isOver(row)).map(idOf)),
            },
          ]}
          filters={
            <label className="flex items-center gap-2 text-sm text-muted">
              <span className="sr-only">
                <Trans>Which</Trans>
              </span>
              <select
                value={search.show ?? ""}
                onChange={(event) =>
                  setSearch({
                    show:
                      event.target.value === "" ? undefined : (event.target.value as NonNullable<typeof search.show>),
                  })
                }
                className="row rounded-(--radius) border border-faint bg-bg px-2 text-text"
              >
                {choices.map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            </label>
          }
          empty={
            list.rows.length === 0 ? (
              <Empty
                title={<Trans>Nothing has run yet</Trans>}
                action={
                  <Link to="/market" className="text-accent underline underline-offset-2">
                    <Trans>See what can be rented</Trans>
                  </Link>
                }
              >
                <Trans>
                  What you run from here, from the command line or from a program stands here, with its log, its files
                  and its bill.
                </Trans>
              </Empty>
            ) : (
              <p className="text-muted">
                <Trans>None of your workloads is of this kind.</Trans>
              </p>
            )
          }
        />
      </div>
      {stopping === undefined ? null : stopping.length === 0 ? (
        <NothingToStop onClose={() => setStopping(undefined)} />
      ) : (
        <StopDialog
          workloads={list.rows.filter((row) => stopping.includes(row.id))}
          tokenOf={tokenOf}
          onClose={() => setStopping(undefined)}
        />
      )}
    </div>
  );
}
