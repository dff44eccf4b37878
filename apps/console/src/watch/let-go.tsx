import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { EffectsDialog } from "../kit/ui/effects-dialog.tsx";
import { Hash } from "../kit/values/hash.tsx";
import type { Watched } from "./watches.ts";

/** Forgets jobs that this browser cannot pay any more, or is not to: their lease keys are deleted. */
export default function LetGo({
  watched,
  onClose,
}: {
  readonly watched: readonly Watched[];
  readonly onClose: () => void;
}) {
  const { t } = useLingui();
  return (
    <EffectsDialog
      title={<Plural value={watched.length} one="Let this job go?" other="Let these # jobs go?" />}
      danger
      confirm={<Trans>Let go</Trans>}
      effects={{
        money: (
          <Trans>
            Nothing more is paid from here. What the leases have not used comes back when they end, at the latest after
            the time that was ordered.
          </Trans>
        ),
        data: (
          <Trans>
            The keys of these leases are deleted from this browser. Where no other copy of them runs, the jobs end for
            want of payment.
          </Trans>
        ),
        time: <Trans>At once, and for good.</Trans>,
      }}
      run={async () => {
        const { letGo } = await import("./attend.ts");
        for (const { workload } of watched)
          if (!(await letGo(workload)))
            throw new Error(t`Another tab of this browser pays ${workload}: close it first, or let it pay.`);
      }}
      onClose={onClose}
    >
      <ul className="flex flex-col gap-1 text-sm">
        {watched.map(({ workload }) => (
          <li key={workload}>
            <Hash value={workload} />
          </li>
        ))}
      </ul>
    </EffectsDialog>
  );
}
