import { CorepoolError } from "@corepool/core/errors";
import type { MachineView } from "@corepool/protocol/resources";
import { getMachine, getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "../../app/link.tsx";
import { useParam } from "../../app/screen.ts";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { identity } from "../../identity/identity.ts";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty, Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { Hash } from "../../kit/values/hash.tsx";
import { shortened } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { useTokens } from "../workload/use-tokens.ts";
import { Drain } from "./drain.tsx";
import { History } from "./history.tsx";
import { Inventory } from "./inventory.tsx";
import { Isolation } from "./isolation.tsx";
import { Leases } from "./leases.tsx";
import { Units } from "./units.tsx";
import { useMachine } from "./use-machine.ts";

/** One machine as the market knows it. Everybody sees it; what it earned only who is paid. */
export default function MachinePage() {
  const id = useParam("id");
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) return <Gone />;
  return <Known id={id as `0x${string}`} />;
}

function Gone() {
  return (
    <>
      <PageHead title={<Trans>Machine</Trans>} />
      <Empty
        title={<Trans>There is no such machine</Trans>}
        action={
          <Link to="/provider" className="text-accent underline underline-offset-2">
            <Trans>Your machines</Trans>
          </Link>
        }
      >
        <Trans>The market has never seen one under this name.</Trans>
      </Empty>
    </>
  );
}

function Known({ id }: { readonly id: `0x${string}` }) {
  const machine = useRoute(getMachine, { params: { id } }, { every: 5_000 });
  if (machine.data !== undefined)
    return (
      <>
        {machine.error === null ? null : <Stale at={machine.dataUpdatedAt} again={() => void machine.refetch()} />}
        <Shown machine={machine.data} />
      </>
    );
  if (machine.error instanceof CorepoolError && machine.error.code === "not-found") return <Gone />;
  return (
    <>
      <PageHead title={<Trans>Machine</Trans>} />
      {machine.error === null ? (
        <div className="p-6">
          <Skeleton className="h-24 w-full" />
        </div>
      ) : (
        <Failure error={machine.error} again={() => void machine.refetch()} />
      )}
    </>
  );
}

function Shown({ machine }: { readonly machine: MachineView }) {
  const { t } = useLingui();
  const who = useStore(identity);
  const market = useRoute(getMarket, {}, { every: 15_000 });
  const tokenOf = useTokens();
  const { row, offers, paid, earnings } = useMachine(machine, who?.address);
  const { own } = row;
  return (
    <>
      <PageHead
        title={t`Machine ${shortened(machine.id)}`}
        actions={
          <span data-health>
            {own?.draining === true ? (
              <State tone="warn">{t`Draining`}</State>
            ) : machine.online ? (
              row.leased > 0 ? (
                <State tone="info">{t`Serving`}</State>
              ) : (
                <State tone="live">{t`Online`}</State>
              )
            ) : (
              <State tone="bad">{t`Offline`}</State>
            )}
          </span>
        }
      >
        <Hash value={machine.id} full />
      </PageHead>
      <Inventory row={row} />
      <Isolation row={row} />
      {market.data === undefined ? null : <Units row={row} market={market.data} ready={offers.ready} />}
      {own === undefined ? null : <Leases own={own} tokenOf={tokenOf} />}
      {paid ? <History row={row} entries={earnings.rows} tokenOf={tokenOf} /> : null}
      <Drain row={row} paid={paid} />
    </>
  );
}
