import { Trans, useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { go } from "../../app/place.ts";
import { useSearch, useSetSearch } from "../../app/screen.ts";
import { useStore } from "../../app/store.ts";
import { identity } from "../../identity/identity.ts";
import { Table } from "../../kit/table/table.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead, Section } from "../../kit/ui/page.tsx";
import { Skeleton } from "../../kit/ui/states.tsx";
import { useNow } from "../../kit/values/time.tsx";
import { show } from "../../shell/layers.ts";
import { earnedBy } from "./attribution.ts";
import { useFleetColumns } from "./columns.tsx";
import { Connect } from "./connect.tsx";
import { Earnings } from "./earnings.tsx";
import { type FleetRow, larger, ownEarned } from "./fleet.ts";
import screen from "./screen.ts";
import { useFleet } from "./use-fleet.ts";

const idOf = (row: FleetRow): string => row.machine.id;
const DAY_MS = 86_400_000;

/** The machines of whoever is signed in, and the way to connect one. */
export default function ProviderPage() {
  const { t } = useLingui();
  const who = useStore(identity);
  const search = useSearch(screen);
  const setSearch = useSetSearch(screen);
  const fleet = useFleet(who?.address);
  const { market, rows, earnings, machineOf } = fleet;
  const midnight = Math.floor(useNow() / DAY_MS) * DAY_MS;
  const { earned, today } = useMemo(() => {
    const attributed = earnedBy(earnings.rows, machineOf);
    const ofToday = earnedBy(
      earnings.rows.filter((entry) => Date.parse(entry.at) >= midnight),
      machineOf,
    );
    const day = new Date(midnight).toISOString().slice(0, 10);
    return {
      earned: (row: FleetRow) => larger(attributed.get(row.machine.id), ownEarned(row, "")),
      today: (row: FleetRow) => larger(ofToday.get(row.machine.id), ownEarned(row, day)),
    };
  }, [earnings.rows, machineOf, midnight]);
  const columns = useFleetColumns(fleet.tokenOf, earned, today);
  const { machines, offers } = fleet;
  const ready = machines.ready && offers.ready;
  return (
    <>
      <PageHead title={<Trans>Machines</Trans>}>
        <Trans>
          Machines that you offer, or that pay you: whether they live, what stands in the market, what they earn.
        </Trans>
      </PageHead>
      {who === undefined ? (
        <Section title={<Trans>Whose machines?</Trans>}>
          <p className="mb-3 text-muted">
            <Trans>Sign in with the account that machines pay to see them with their earnings.</Trans>
          </p>
          <Button look="primary" icon={ICONS.user} onClick={() => show("sign-in")}>
            <Trans>Sign in</Trans>
          </Button>
        </Section>
      ) : (
        <>
          {!ready || rows.length > 0 ? (
            // As high as its rows, and no higher than what leaves the earnings in sight.
            <div className={rows.length > 6 ? "h-96" : rows.length > 2 || !ready ? "h-72" : "h-40"}>
              <Table
                id="machines"
                label={t`Machines`}
                data={{ ...machines, rows, ready, error: machines.error ?? offers.error }}
                columns={columns}
                rowId={idOf}
                search={search}
                setSearch={setSearch as (patch: Readonly<Record<string, unknown>>) => void}
                onOpen={(row) => go(`/provider/m/${row.machine.id}`)}
                empty={null}
              />
            </div>
          ) : (
            <Section title={<Trans>No machine of yours yet</Trans>}>
              <p className="max-w-2xl text-muted">
                <Trans>
                  No machine in this market is offered by this account or pays it. Connect one with the command below:
                  it appears here by itself.
                </Trans>
              </p>
            </Section>
          )}
          {rows.length > 0 || earnings.rows.length > 0 ? <Earnings fleet={fleet} account={who.address} /> : null}
        </>
      )}
      <Section title={<Trans>Connect this computer</Trans>}>
        {market === undefined ? (
          <Skeleton className="h-24 w-full" />
        ) : (
          <Connect market={market} account={who?.address} />
        )}
      </Section>
    </>
  );
}
