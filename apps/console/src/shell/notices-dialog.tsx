import { Trans } from "@lingui/react/macro";
import { useStore } from "../app/store.ts";
import { Dialog } from "../kit/ui/dialog.tsx";
import { State } from "../kit/values/state.tsx";
import { Time } from "../kit/values/time.tsx";
import { notices } from "./notices.ts";

/** What was said in passing, to be read again. */
export default function NoticesDialog({ onClose }: { readonly onClose: () => void }) {
  const { all } = useStore(notices);
  return (
    <Dialog title={<Trans>Notices</Trans>} place="right" onClose={onClose}>
      <ul>
        {all.map((notice) => (
          <li key={notice.id} className="border-b border-line px-4 py-2 text-sm">
            <div className="flex items-baseline justify-between gap-3">
              <State tone={notice.tone}>{notice.text}</State>
              <span className="text-xs text-faint">
                <Time at={notice.at} seconds />
              </span>
            </div>
            {notice.detail === undefined ? null : <p className="pl-4 text-muted">{notice.detail}</p>}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
