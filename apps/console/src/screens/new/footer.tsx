import type { Token } from "@corepool/core/money";
import { Trans } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { CopyAs, type SameAs } from "../../kit/form/copy-as-button.tsx";
import { Button } from "../../kit/ui/button.tsx";
import { Money, Rate } from "../../kit/values/money.tsx";
import type { Cost } from "./model.ts";

function Figure({
  name,
  children,
  title,
}: {
  readonly name: ReactNode;
  readonly children: ReactNode;
  readonly title?: string;
}) {
  return (
    <div className="min-w-0" title={title}>
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="text-sm">{children}</dd>
    </div>
  );
}

const NONE = <span className="text-faint">–</span>;

/** What it costs, and the button that goes on, always in sight. */
export function Footer({
  cost,
  token,
  same,
  signedIn,
  ready,
  onRun,
}: {
  readonly cost: Cost | undefined;
  readonly token: Token | undefined;
  readonly same: SameAs;
  readonly signedIn: boolean;
  readonly ready: boolean;
  readonly onRun: () => void;
}) {
  const known = cost === undefined || token === undefined ? undefined : { ...cost, token };
  return (
    <footer
      data-cost
      className="sticky bottom-0 z-10 flex low:static flex-wrap items-center gap-x-6 gap-y-2 border-t border-line bg-surface px-4 py-2.5 md:px-6"
    >
      <dl className="grid flex-1 basis-72 grid-cols-2 gap-x-6 gap-y-1 md:flex md:flex-wrap">
        <Figure name={<Trans>Per hour</Trans>}>
          {known === undefined ? NONE : <Rate perSecond={known.rate} token={known.token} />}
        </Figure>
        <Figure name={<Trans>Per second</Trans>}>
          {known === undefined ? NONE : <Rate perSecond={known.rate} token={known.token} per="second" />}
        </Figure>
        <Figure name={<Trans>Escrow: the most it can cost</Trans>}>
          {known === undefined ? NONE : <Money base={known.escrow} token={known.token} />}
        </Figure>
        <Figure name={<Trans>Lost if its machine vanishes</Trans>}>
          {known === undefined ? (
            NONE
          ) : (
            <>
              <span className="text-muted">≤ </span>
              <Money base={known.atRisk} token={known.token} />
            </>
          )}
        </Figure>
      </dl>
      <div className="flex items-center gap-2">
        {same.yaml === undefined ? null : <CopyAs same={same} />}
        <Button look="primary" disabled={signedIn && !ready} onClick={onRun}>
          {signedIn ? <Trans>Run it</Trans> : <Trans>Sign in to run it</Trans>}
        </Button>
      </div>
    </footer>
  );
}
