import type { Token } from "@corepool/core/money";
import type { WorkloadView } from "@corepool/protocol/resources";
import { Trans } from "@lingui/react/macro";
import { lazy, Suspense, useState } from "react";
import { loadWordsOf } from "../../app/messages.ts";
import { Button } from "../../kit/ui/button.tsx";

/** The dialog is the list's; its words come with it. */
const StopDialog = lazy(async () => {
  const [dialog] = await Promise.all([import("../workloads/stop-dialog.tsx"), loadWordsOf("workloads")]);
  return dialog;
});

/** Stops a workload, after saying what that means. */
export function StopButton({
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
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Button look="danger" busy={stopping} onClick={() => setAsking(true)}>
        {stopping ? <Trans>Stopping</Trans> : <Trans>Stop</Trans>}
      </Button>
      {asking ? (
        <Suspense fallback={null}>
          <StopDialog workloads={[workload]} tokenOf={tokenOf} onStopped={onStopped} onClose={() => setAsking(false)} />
        </Suspense>
      ) : null}
    </>
  );
}
