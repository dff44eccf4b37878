import { Trans, useLingui } from "@lingui/react/macro";
import { Link } from "../app/link.tsx";
import { inWords } from "../app/messages.ts";
import { SCREENS } from "../app/screens.ts";
import { ICONS, Icon } from "../kit/ui/icon.tsx";
import { show } from "./layers.ts";

const ON_PHONES = SCREENS.filter(({ screen }) => screen.nav?.phone === true).slice(0, 4);
const ITEM = "flex flex-1 flex-col items-center justify-center gap-0.5 py-1.5 text-xs";

/** The bar at the foot of a phone: the screens that matter there, and everything else behind one button. */
export function PhoneBar() {
  const { t } = useLingui();
  return (
    <nav aria-label={t`Main`} className="hidden shrink-0 border-t border-line bg-surface phone:flex">
      {ON_PHONES.map(({ name, screen }) => (
        <Link key={name} to={screen.path} className={`${ITEM} text-muted`} activeClass="!text-text font-medium">
          <Icon path={screen.nav?.icon ?? ""} />
          <span className="max-w-full truncate px-1">{inWords(screen.title)}</span>
        </Link>
      ))}
      <button type="button" onClick={() => show("more")} className={`${ITEM} text-muted`}>
        <Icon path={ICONS.menu} />
        <Trans>More</Trans>
      </button>
    </nav>
  );
}
