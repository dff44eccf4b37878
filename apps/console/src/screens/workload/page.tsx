import { listWorkloadEvents } from "@corepool/protocol/routes/records";
import { getWorkload } from "@corepool/protocol/routes/workloads";
import { isOver } from "@corepool/sdk/follow";
import { Trans } from "@lingui/react/macro";
import { Suspense, useEffect, useState } from "react";
import { afterPaint } from "../../app/after-paint.ts";
import { useParam, useSearch } from "../../app/screen.ts";
import { useStore } from "../../app/store.ts";
import { useRoute } from "../../data/query.ts";
import { identity } from "../../identity/identity.ts";
import { Button } from "../../kit/ui/button.tsx";
import { ICONS } from "../../kit/ui/icon.tsx";
import { PageHead } from "../../kit/ui/page.tsx";
import { Empty, Failure, Skeleton, Stale } from "../../kit/ui/states.tsx";
import { show } from "../../shell/layers.ts";
import { titleOf } from "./bill.ts";
import { Header } from "./header.tsx";
import { useLog } from "./log/use-log.ts";
import screen from "./screen.ts";
import { TabBar } from "./tab-bar.tsx";
import { ConfigTab, EventsTab, FilesTab, LogPane, loadTabs, MetricsTab, ReceiptTab } from "./tabs/later.ts";
import { OverviewTab } from "./tabs/overview.tsx";
import { useTokens } from "./use-tokens.ts";

/** Events tell of changes of state; what payment notes add, nothing tells. */
const READ_MS = 4_000;

function Open({ id }: { readonly id: string }) {
  const { tab = "overview" } = useSearch(screen);
  const [over, setOver] = useState(false);
  const query = useRoute(getWorkload, { params: { id } }, over ? {} : { every: READ_MS });
  const events = useRoute(listWorkloadEvents, { params: { id } }, over ? {} : { every: READ_MS });
  const tokenOf = useTokens();
  const workload = query.data;
  const ended = workload !== undefined && isOver(workload);
  const { refetch } = events;
  useEffect(() => {
    setOver(ended);
    // The last events come with the end.
    if (ended) void refetch();
  }, [ended, refetch]);
  const log = useLog(
    id,
    tab === "logs",
    workload?.attempts.at(-1)?.id,
    workload?.attempts.at(-1)?.state === "ended" || ended,
  );
  const here = workload !== undefined;
  useEffect(() => (here ? afterPaint(loadTabs) : undefined), [here]);
  const title = workload === undefined ? undefined : titleOf(workload);
  useEffect(() => {
    if (title !== undefined) document.title = `${title} · Corepool`;
  }, [title]);

  if (workload === undefined)
    return (
      <>
        <PageHead title={<span className="font-mono">{id}</span>} />
        {query.error === null ? (
          <div className="flex flex-col gap-3 px-4 py-4 md:px-6">
            <Skeleton className="h-5 w-72 max-w-full" />
            <Skeleton className="h-40 w-full" />
          </div>
        ) : (
          <Failure error={query.error} again={() => void query.refetch()} />
        )}
      </>
    );
  const told = events.data?.data ?? [];
  return (
    <div className={`flex flex-col ${tab === "logs" ? "h-full" : "min-h-full"}`}>
      <Header
        workload={workload}
        tokenOf={tokenOf}
        stopping={!ended && told.some(({ type }) => type === "workload.stopping")}
        onStopped={() => void events.refetch()}
      />
      <TabBar tab={tab} files={workload.outputs.length} attempts={workload.attempts.length} />
      {query.error === null ? null : <Stale at={query.dataUpdatedAt} again={() => void query.refetch()} />}
      {tab === "overview" ? <OverviewTab workload={workload} events={told} /> : null}
      <Suspense fallback={<Skeleton className="mx-4 my-5 h-40 md:mx-6" />}>
        {tab === "logs" && log !== undefined ? (
          <LogPane reader={log} workload={id} attempts={workload.attempts.length} />
        ) : null}
        {tab === "metrics" ? <MetricsTab workload={workload} /> : null}
        {tab === "files" ? <FilesTab workload={workload} /> : null}
        {tab === "receipt" ? <ReceiptTab workload={workload} tokenOf={tokenOf} /> : null}
        {tab === "events" ? (
          <EventsTab
            events={told}
            ready={events.data !== undefined}
            error={events.error}
            again={() => void events.refetch()}
          />
        ) : null}
        {tab === "config" ? <ConfigTab workload={workload} tokenOf={tokenOf} /> : null}
      </Suspense>
    </div>
  );
}

/** One workload. */
export default function WorkloadPage() {
  const id = useParam("id");
  const who = useStore(identity);
  if (who === undefined)
    return (
      <>
        <PageHead title={<Trans>Workload</Trans>} />
        <Empty
          title={<Trans>Only its owner sees a workload</Trans>}
          action={
            <Button look="primary" icon={ICONS.user} onClick={() => show("sign-in")}>
              <Trans>Sign in</Trans>
            </Button>
          }
        >
          <Trans>Sign in with the account that submitted it.</Trans>
        </Empty>
      </>
    );
  return <Open key={`${who.address} ${id}`} id={id} />;
}
