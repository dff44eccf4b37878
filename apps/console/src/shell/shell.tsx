import { Trans, useLingui } from "@lingui/react/macro";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Suspense, useEffect, useRef } from "react";
import { inWords } from "../app/messages.ts";
import { SCREENS } from "../app/screens.ts";
import { useStore } from "../app/store.ts";
import { follow } from "../data/live.ts";
import { queries } from "../data/query.ts";
import { identity } from "../identity/identity.ts";
import { Banner } from "./banner.tsx";
import { Corner } from "./corner.tsx";
import { LAYERS, layer, show } from "./layers.ts";
import { Mark } from "./mark.tsx";
import { Groups } from "./navigation.tsx";
import { PhoneBar } from "./phone-bar.tsx";
import { TopBar } from "./top-bar.tsx";
import { useKeys } from "./use-keys.ts";

/** After a change of screen: the window's title tells it, and the focus is where reading begins. */
function useArrival(): void {
  const { i18n } = useLingui();
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const first = useRef(true);
  useEffect(() => {
    if (path === undefined) return;
    const title = document.querySelector<HTMLElement>("[data-page-title]");
    const here = SCREENS.find(({ screen }) => screen.path === path);
    const name = here === undefined ? title?.textContent : inWords(here.screen.title);
    document.title = name === undefined || name === null ? "Corepool" : `${name} · Corepool`;
    // The first page of all: the browser's own order begins at the top, with the link that skips to the content.
    if (first.current) first.current = false;
    else (title ?? document.querySelector<HTMLElement>("main"))?.focus({ preventScroll: true });
    // The language changes the title too.
  }, [path, i18n.locale]);
}

/** One stream of events for as long as somebody is signed in. */
function useLive(): void {
  const token = useStore(identity)?.token;
  useEffect(() => {
    if (token === undefined) return;
    const leave = new AbortController();
    follow(queries, leave.signal).catch(() => undefined);
    return () => leave.abort(new DOMException("The page no longer follows.", "AbortError"));
  }, [token]);
}

function Layers() {
  const open = useStore(layer);
  if (open === undefined) return null;
  const Open = LAYERS[open];
  return (
    <Suspense fallback={null}>
      <Open onClose={() => show(undefined)} />
    </Suspense>
  );
}

/** What stands around every screen. */
export function Shell() {
  const { t } = useLingui();
  useArrival();
  useLive();
  useKeys();
  return (
    <div className="flex h-dvh flex-col">
      <a href="#content" className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-raised focus:px-3 focus:py-2">
        <Trans>Skip to the content</Trans>
      </a>
      <div className="flex min-h-0 flex-1">
        <nav aria-label={t`Main`} className="scroll-thin flex w-52 shrink-0 flex-col overflow-y-auto border-r border-line bg-surface px-2 pb-3 phone:hidden">
          <Link to="/market" className="mb-3 flex h-12 shrink-0 items-center gap-2 px-2.5 font-semibold tracking-tight">
            <Mark />
            Corepool
          </Link>
          <Groups />
        </nav>
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar />
          <Banner />
          <main id="content" tabIndex={-1} className="scroll-thin min-h-0 flex-1 overflow-y-auto">
            <Outlet />
          </main>
        </div>
      </div>
      <PhoneBar />
      <Corner />
      <Layers />
    </div>
  );
}
