import type { Token } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import { getMachine } from "@corepool/protocol/routes/market";
import { isOver } from "@corepool/sdk/follow";
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { Link } from "../../app/link.tsx";
import { useStore } from "../../app/store.ts";
import { online } from "../../data/online.ts";
import { useRoute } from "../../data/query.ts";
import { Hash } from "../../kit/values/hash.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import { durationText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { Ago, useNow } from "../../kit/values/time.tsx";
import { WorkloadState } from "../../kit/values/workload-state.tsx";
import { ageMs, billOf, machineOf, timeLeftMs, titleOf } from "./bill.ts";
import { StopButton } from "./stop-button.tsx";
import { useReason } from "./use-words.ts";

const MACHINE_MS = 10_000;
/** The page reads every few seconds: what is older than this was not renewed. */
const STALE_MS = 20_000;

function Fact({ name, children }: { readonly name: ReactNode; readonly children: ReactNode }) {
  return (
    <div className="flex min-w-0 flex-col">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="text-sm">{children}</dd>
    </div>
  );
}

/** Why what is shown may not be so any more: the page has lost the coordinator, or the coordinator the machine. */
function Freshness({ workload }: { readonly workload: WorkloadView }) {
  const contact = useStore(online.store);
  const now = useNow();
  const machine = machineOf(workload);
  const seen = useRoute(
    getMachine,
    { params: { id: machine ?? "0x" } },
    { enabled: machine !== undefined && !isOver(workload), every: MACHINE_MS },
  );
  if (isOver(workload)) return null;
  if (!contact.reachable || !navigator.onLine || (contact.at !== undefined && now - contact.at > STALE_MS))
    return (
      <State tone="warn">
        {contact.at === undefined ? (
          <Trans>Stale</Trans>
        ) : (
          <Trans>
            Stale: known <Ago at={contact.at} /> ago
          </Trans>
        )}
      </State>
    );
  if (seen.data?.online !== false) return null;
  return (
    <State tone="warn">
      {seen.data.lastSeenAt === null ? (
        <Trans>Stale: its machine is away</Trans>
      ) : (
        <Trans>
          Stale: its machine was last seen <Ago at={seen.data.lastSeenAt} /> ago
        </Trans>
      )}
    </State>
  );
}

/** What a workload is called, how it stands, what it costs now, and how it is stopped. */
export function Header({
  workload,
  tokenOf,
  stopping,
  onStopped,
}: {
  readonly workload: WorkloadView;
  readonly tokenOf: (address: string) => Token | undefined;
  readonly stopping: boolean;
  readonly onStopped: () => void;
}) {
  const { t } = useLingui();
  const now = useNow();
  const reason = useReason();
  const bill = billOf(workload, now);
  const token = bill === undefined ? undefined : tokenOf(bill.token);
  const left = timeLeftMs(workload, now);
  const over = isOver(workload);
  return (
    <header className="flex flex-col gap-2 border-b border-line px-4 py-3 md:px-6">
      <div className="flex items-start gap-x-4">
        <div className="min-w-0 flex-1">
          <p className="text-xs text-muted">
            <Link to="/w" className="hover:text-text hover:underline">
              <Trans>Workloads</Trans>
            </Link>
            <span aria-hidden="true"> / </span>
            <Hash value={workload.id} />
          </p>
          <h1
            className={`truncate text-lg font-semibold tracking-tight outline-none ${workload.spec.name === undefined ? "font-mono" : ""}`}
            title={titleOf(workload)}
            tabIndex={-1}
            data-page-title
          >
            {titleOf(workload)}
          </h1>
        </div>
        <Link
          to={`/new?from=${workload.id}`}
          className="row inline-flex shrink-0 items-center rounded-(--radius) border border-line px-3 text-sm hover:bg-raised"
        >
          <Trans>Run again</Trans>
        </Link>
        {over ? null : <StopButton workload={workload} tokenOf={tokenOf} stopping={stopping} onStopped={onStopped} />}
      </div>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm" data-state={workload.state}>
        <span role="status">
          <WorkloadState state={workload.state} />
        </span>
        <Freshness workload={workload} />
        {over && workload.reason !== null ? <span className="text-muted">{reason(workload.reason)}</span> : null}
      </div>
      <dl className="grid grid-cols-3 gap-x-4 gap-y-2 md:flex md:flex-wrap md:gap-x-6">
        {bill === undefined || token === undefined ? (
          <Fact name={t`Cost so far`}>
            <Trans>nothing: there is no lease</Trans>
          </Fact>
        ) : (
          <>
            <Fact name={bill.closed ? t`Cost` : t`Cost so far`}>
              <span data-spent={bill.spent}>
                <Money base={bill.spent} token={token} />
              </span>
            </Fact>
            {over ? null : (
              <Fact name={t`Burn rate`}>
                {bill.burning ? (
                  <Rate perSecond={bill.rate} token={token} />
                ) : (
                  <span className="text-muted">
                    {workload.state === "finishing"
                      ? t`none, it has ended`
                      : workload.state === "frozen"
                        ? t`none while frozen`
                        : t`none yet`}
                  </span>
                )}
              </Fact>
            )}
            <Fact name={bill.closed ? t`Refunded` : t`Escrow left`}>
              <span data-left={bill.left}>
                <Money base={bill.left} token={token} />
              </span>
            </Fact>
          </>
        )}
        {left === undefined ? null : (
          <Fact name={t`Time left`}>
            <span className="tabular-nums">{durationText(left)}</span>
          </Fact>
        )}
        <Fact name={over ? t`Took` : t`Age`}>
          <span className="tabular-nums">{durationText(ageMs(workload, now))}</span>
        </Fact>
      </dl>
    </header>
  );
}
