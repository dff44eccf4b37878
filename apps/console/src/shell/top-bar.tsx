import { getMarket } from "@corepool/protocol/routes/market";
import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, Suspense } from "react";
import { useStore } from "../app/store.ts";
import { live } from "../data/live-state.ts";
import { useRoute } from "../data/query.ts";
import { identity } from "../identity/identity.ts";
import { Button } from "../kit/ui/button.tsx";
import { ICONS, Icon } from "../kit/ui/icon.tsx";
import { AddressView } from "../kit/values/hash.tsx";
import { State } from "../kit/values/state.tsx";
import { show } from "./layers.ts";
import { Mark } from "./mark.tsx";
import { notices } from "./notices.ts";
import { prefer, preferences } from "./preferences.ts";

const Balance = lazy(() => import("./balance.tsx"));

/** Chains on which money is play money, by their identifiers. */
const LOCAL_CHAINS: readonly number[] = [31_337, 1_337];

function NetworkBadge() {
  const { t } = useLingui();
  const { data } = useRoute(getMarket, {}, { every: 15_000 });
  if (data === undefined) return null;
  const { chainId, head } = data;
  const behind = head.lagBlocks > 3;
  return (
    <span className="hidden text-sm text-muted lg:inline-flex" title={t`Chain ${chainId}, block ${head.number}`}>
      <State tone={behind ? "warn" : "live"}>
        {LOCAL_CHAINS.includes(chainId) ? <Trans>Local network, play money</Trans> : <Trans>Chain {chainId}</Trans>}
        {behind ? (
          <span className="ml-1 text-warn">
            <Trans>{head.lagBlocks} blocks behind</Trans>
          </span>
        ) : null}
      </State>
    </span>
  );
}

function IdentityButton() {
  const who = useStore(identity);
  const stream = useStore(live);
  const { t } = useLingui();
  if (who === undefined)
    return (
      <Button icon={ICONS.user} data-personal onClick={() => show("sign-in")}>
        <Trans>Sign in</Trans>
      </Button>
    );
  const names = { live: t`Live`, connecting: t`Connecting`, broken: t`Reconnecting`, off: t`Not live` };
  return (
    <>
      <Suspense fallback={null}>
        <Balance />
      </Suspense>
      <button
        type="button"
        onClick={() => show("sign-in")}
        title={names[stream.state]}
        className="row inline-flex items-center gap-2 rounded-(--radius) border border-line bg-surface px-2.5 hover:border-faint"
      >
        <span className="sr-only">
          <Trans>Your account</Trans>
        </span>
        <AddressView address={who.address} copy={false} />
        <span
          className={`size-1.5 rounded-full ${stream.state === "live" ? "bg-accent" : "border border-faint"}`}
          aria-hidden="true"
          data-mark
        />
        <span className="sr-only">{names[stream.state]}</span>
      </button>
    </>
  );
}

function ThemeButton() {
  const { t } = useLingui();
  const { theme } = useStore(preferences);
  const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  return (
    <Button
      look="quiet"
      icon={dark ? ICONS.sun : ICONS.moon}
      aria-label={dark ? t`Light theme` : t`Dark theme`}
      className="phone:hidden"
      data-personal
      onClick={() => prefer({ theme: dark ? "light" : "dark" })}
    />
  );
}

/** The bar above every screen. */
export function TopBar() {
  const { t } = useLingui();
  const { all } = useStore(notices);
  return (
    <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-surface px-3 md:px-4">
      <span className="flex items-center gap-2 font-semibold tracking-tight md:hidden">
        <Mark />
        Corepool
      </span>
      <button
        type="button"
        onClick={() => show("palette")}
        className="row hidden w-72 items-center gap-2 rounded-(--radius) border border-line bg-bg px-2.5 text-sm text-faint hover:border-faint hover:text-text md:flex"
      >
        <Icon path={ICONS.search} />
        <Trans>Go to, search, run</Trans>
        <kbd className="ml-auto font-mono text-xs">⌘K</kbd>
      </button>
      <div className="ml-auto flex items-center gap-2 md:gap-3">
        <NetworkBadge />
        <span className="flex items-center">
          <Button
            look="quiet"
            icon={ICONS.search}
            aria-label={t`Go to, search, run`}
            className="md:hidden"
            onClick={() => show("palette")}
          />
          {all.length === 0 ? null : (
            <Button look="quiet" icon={ICONS.bell} aria-label={t`Notices`} onClick={() => show("notices")} />
          )}
          <ThemeButton />
        </span>
        <IdentityButton />
      </div>
    </header>
  );
}
