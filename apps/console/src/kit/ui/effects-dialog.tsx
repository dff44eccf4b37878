import { Trans } from "@lingui/react/macro";
import { type ReactNode, useState } from "react";
import { OutcomeOfKey } from "../../identity/outcome.tsx";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

/** What an act does to money, to data and to time: each is said, also when it is nothing. */
export interface Effects {
  readonly money: ReactNode;
  readonly data: ReactNode;
  readonly time: ReactNode;
}

/**
 * Asks before something is signed, paid, ended or deleted. It says what happens to money, data and time, and stays open
 * until the act is through; a failure is told in it, with what to do.
 */
export function EffectsDialog({
  title,
  effects,
  confirm,
  danger = false,
  run,
  onDone,
  onClose,
  children,
}: {
  readonly title: ReactNode;
  readonly effects: Effects;
  /** The verb on the button. */
  readonly confirm: ReactNode;
  readonly danger?: boolean;
  readonly run: () => Promise<unknown>;
  readonly onDone?: () => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  const act = async () => {
    setBusy(true);
    setFailure(undefined);
    try {
      await run();
      onDone?.();
      onClose();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={() => {
        // What is under way cannot be taken back by looking away: it is seen to its end.
        if (!busy) onClose();
      }}
      actions={
        <>
          <Button look="quiet" disabled={busy} onClick={onClose}>
            <Trans>Cancel</Trans>
          </Button>
          <Button look={danger ? "danger" : "primary"} busy={busy} onClick={() => void act()}>
            {confirm}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4 p-4">
        {children}
        <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-2 text-sm">
          <dt className="text-muted">
            <Trans>Money</Trans>
          </dt>
          <dd>{effects.money}</dd>
          <dt className="text-muted">
            <Trans>Data</Trans>
          </dt>
          <dd>{effects.data}</dd>
          <dt className="text-muted">
            <Trans>Time</Trans>
          </dt>
          <dd>{effects.time}</dd>
        </dl>
        {failure === undefined ? null : <OutcomeOfKey error={failure} />}
      </div>
    </Dialog>
  );
}
