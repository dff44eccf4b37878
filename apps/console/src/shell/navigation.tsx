import { useLingui } from "@lingui/react/macro";
import { Link } from "../app/link.tsx";
import { inWords } from "../app/messages.ts";
import { type NamedScreen, ROLES, type Role } from "../app/screen.ts";
import { SCREENS } from "../app/screens.ts";
import { Icon } from "../kit/ui/icon.tsx";

/** A role's name above its group. */
export function useRoleName(): (role: Role) => string {
  const { t } = useLingui();
  return (role) =>
    ({
      client: t`Rent`,
      provider: t`Provide`,
      node: t`Validate`,
      investor: t`Invest`,
      publisher: t`Publish`,
      all: t`Network and settings`,
    })[role];
}

/** Screens that stand in the navigation, by role. A role without screens has no group. */
export const GROUPS: readonly { readonly role: Role; readonly screens: readonly NamedScreen[] }[] = ROLES.map(
  (role) => ({
    role,
    screens: SCREENS.filter(({ screen }) => screen.nav?.role === role),
  }),
).filter(({ screens }) => screens.length > 0);

/** One line of the navigation. */
export function NavLink({ screen, onGo }: { readonly screen: NamedScreen["screen"]; readonly onGo?: () => void }) {
  return (
    <Link
      to={screen.path}
      {...(onGo === undefined ? {} : { onClick: onGo })}
      className="row flex items-center gap-2.5 rounded-(--radius) px-2.5 text-sm text-muted hover:bg-raised hover:text-text"
      activeClass="bg-raised !text-text font-medium"
    >
      <Icon path={screen.nav?.icon ?? ""} />
      <span className="truncate">{inWords(screen.title)}</span>
    </Link>
  );
}

/** Every group with its heading. */
export function Groups({ onGo }: { readonly onGo?: () => void }) {
  const roleName = useRoleName();
  return (
    <>
      {GROUPS.map(({ role, screens }) => (
        <div key={role} className={role === "all" ? "mt-auto" : "mb-4"}>
          <h2 className="px-2.5 pb-1 text-xs text-faint">{roleName(role)}</h2>
          <ul>
            {screens.map(({ name, screen }) => (
              <li key={name}>
                <NavLink screen={screen} {...(onGo === undefined ? {} : { onGo })} />
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}
