import { Trans } from "@lingui/react/macro";
import { Button } from "../../kit/ui/button.tsx";
import { Dialog } from "../../kit/ui/dialog.tsx";

/** Said when all that was selected has ended. */
export function NothingToStop({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog
      title={<Trans>There is nothing to stop</Trans>}
      onClose={onClose}
      actions={
        <Button onClick={onClose}>
          <Trans>Close</Trans>
        </Button>
      }
    >
      <p className="p-4 text-sm">
        <Trans>All that you selected has ended already.</Trans>
      </p>
    </Dialog>
  );
}
