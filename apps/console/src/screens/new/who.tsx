import type { Token } from "@corepool/core/money";
import type { PlacementView, RelaxationView } from "@corepool/protocol/resources";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Button } from "../../kit/ui/button.tsx";
import { Skeleton } from "../../kit/ui/states.tsx";
import { AddressView } from "../../kit/values/hash.tsx";
import { Rate } from "../../kit/values/money.tsx";
import { bytesText } from "../../kit/values/quantities.ts";
import { State } from "../../kit/values/state.tsx";
import { useChangeText, useDimensionName } from "../../placement/changes.ts";
import { groupRefusals } from "../../placement/refusals.ts";
import { ProblemText } from "../../problems/problem-text.tsx";
import { Pane } from "./pane.tsx";
import type { Placement } from "./use-placement.ts";

const SHOWN = 8;
type Candidate = PlacementView["candidates"][number];

function Fitting({
  candidates,
  token,
}: {
  readonly candidates: readonly Candidate[];
  readonly token: Token | undefined;
}) {
  const { t } = useLingui();
  return (
    <ul
      aria-label={t`Machines that fit`}
      className="flex flex-col divide-y divide-line rounded-(--radius) border border-line"
    >
      {candidates.slice(0, SHOWN).map(({ offerId, provider, rate, spec }, index) => (
        <li
          key={offerId}
          className="flex flex-wrap items-center gap-x-4 gap-y-0.5 px-3 py-2 text-sm"
          data-offer={offerId}
        >
          <span className="min-w-0 flex-1 basis-40">
            <span className="block truncate">
              {spec.resources.gpus.length === 0
                ? spec.platform.cpuModel
                : `${spec.resources.gpus.length} × ${spec.resources.gpus[0]?.model}`}
            </span>
            <span className="block text-muted">
              <Plural value={spec.resources.cpus} one="# CPU" other="# CPUs" /> ·{" "}
              {bytesText(spec.resources.memoryBytes)} · {bytesText(spec.resources.diskBytes)}
            </span>
          </span>
          <AddressView address={provider} copy={false} />
          {token === undefined ? null : <Rate perSecond={rate} token={token} />}
          {index === 0 ? (
            <span className="w-full">
              <State tone="live">
                <Trans>This one is asked</Trans>
              </State>
            </span>
          ) : null}
        </li>
      ))}
      {candidates.length > SHOWN ? (
        <li className="px-3 py-2 text-sm text-muted">
          <Trans>and {candidates.length - SHOWN} more</Trans>
        </li>
      ) : null}
    </ul>
  );
}

function Refused({
  placement,
  token,
  onApply,
}: {
  readonly placement: PlacementView;
  readonly token: Token | undefined;
  readonly onApply: (change: RelaxationView) => void;
}) {
  const { t } = useLingui();
  const name = useDimensionName();
  const text = useChangeText(token);
  const groups = groupRefusals(placement.refusals);
  return (
    <>
      {placement.relaxations.length === 0 ? (
        placement.considered === 0 ? null : (
          <p className="text-sm text-muted">
            <Trans>No single change helps: each machine lacks several things.</Trans>
          </p>
        )
      ) : (
        <div className="flex flex-col gap-2">
          <h3 className="text-sm text-muted">
            <Trans>What would help, the smallest change first</Trans>
          </h3>
          {placement.relaxations.map((change) => (
            <div key={change.dimension} className="flex flex-wrap items-center justify-between gap-2 text-sm">
              <span className="min-w-0">
                {text(change)}{" "}
                <span className="text-muted">
                  <Plural value={change.offers} one="(# offer)" other="(# offers)" />
                </span>
              </span>
              {change.edits === null ? null : (
                <Button
                  onClick={() => onApply(change)}
                  data-relax={change.dimension}
                  aria-label={`${t`Apply`}: ${text(change)}`}
                >
                  <Trans>Apply</Trans>
                </Button>
              )}
            </div>
          ))}
        </div>
      )}
      {groups.length === 0 ? null : (
        <div className="flex flex-col gap-2">
          <h3 className="text-sm text-muted">
            <Trans>Why not</Trans>
          </h3>
          <ul className="flex flex-col divide-y divide-line rounded-(--radius) border border-line text-sm">
            {groups.map(({ dimension, count, asked, had, more }) => (
              <li key={dimension} className="px-3 py-2" data-refused={dimension}>
                <p className="flex justify-between gap-3">
                  <State tone="warn">{name(dimension)}</State>
                  <span className="text-muted">
                    <Plural value={count} one="# offer" other="# offers" />
                  </span>
                </p>
                <p className="break-words text-muted">
                  <Trans>
                    Asked: <span className="font-mono">{asked}</span>. There is:{" "}
                    <span className="font-mono">{had.join("; ")}</span>
                  </Trans>
                  {more ? " …" : ""}
                </p>
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

/** Who can run it, as of now; and when nobody can, why, and what would help. */
export function Who({
  placement,
  token,
  onApply,
}: {
  readonly placement: Placement;
  readonly token: Token | undefined;
  readonly onApply: (change: RelaxationView) => void;
}) {
  const { data, state, error } = placement;
  const fits = data?.candidates.length ?? 0;
  return (
    <Pane title={<Trans>Who can run it</Trans>}>
      <div role="status" className="text-sm">
        {state === "incomplete" ? (
          <p className="text-muted">
            <Trans>Write a command, and this shows live who could run it.</Trans>
          </p>
        ) : error !== undefined ? (
          <ProblemText error={error} bad />
        ) : data === undefined ? null : fits > 0 ? (
          <State tone="live">
            <Plural value={fits} one="# offer fits" other="# offers fit" />
          </State>
        ) : (
          <State tone="bad">
            {data.considered === 0 ? (
              <Trans>There is no open offer at all</Trans>
            ) : (
              <Trans>Nobody can run it as it stands</Trans>
            )}
          </State>
        )}
      </div>
      {state !== "incomplete" && data === undefined && error === undefined ? (
        <Skeleton className="h-24 w-full" />
      ) : null}
      {data === undefined || state === "incomplete" ? null : (
        <div className={`flex flex-col gap-4 transition-opacity ${state === "asking" ? "opacity-60" : ""}`}>
          {fits > 0 ? (
            <Fitting candidates={data.candidates} token={token} />
          ) : (
            <Refused placement={data} token={token} onApply={onApply} />
          )}
        </div>
      )}
    </Pane>
  );
}
