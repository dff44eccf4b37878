import { Trans, useLingui } from "@lingui/react/macro";
import { useStore } from "../app/store.ts";
import { Choice } from "../kit/form/choice.tsx";
import { Dialog } from "../kit/ui/dialog.tsx";
import { Groups } from "./navigation.tsx";
import { prefer, preferences, THEMES } from "./preferences.ts";

/** Everything that the bar at the foot of a phone has no room for. */
export default function MoreDrawer({ onClose }: { readonly onClose: () => void }) {
  const { t } = useLingui();
  const { theme } = useStore(preferences);
  const names = { system: t`System`, light: t`Light`, dark: t`Dark` };
  return (
    <Dialog title={<Trans>More</Trans>} place="foot" onClose={onClose}>
      <nav aria-label={t`All screens`} className="p-3">
        <Groups onGo={onClose} />
        <div className="border-t border-line px-2.5 pt-3 pb-2">
          <Choice
            label={t`Theme`}
            value={theme}
            options={THEMES.map((each) => [each, names[each]])}
            onChange={(next) => prefer({ theme: next })}
          />
        </div>
      </nav>
    </Dialog>
  );
}
