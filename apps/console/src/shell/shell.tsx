import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, Suspense, useEffect, useRef } from "react";
import { afterPaint, usePainted } from "../app/after-paint.ts";
import { CurrentScreen } from "../app/current-screen.tsx";
import { Link } from "../app/link.tsx";
import { screenAt } from "../app/match-screens.ts";
import { inWords, loadWordsOf } from "../app/messages.ts";
import { place, usePath } from "../app/place.ts";
import { useStore } from "../app/store.ts";
import { queries } from "../data/query.ts";
import { identity } from "../identity/identity.ts";
import { Banner } from "./banner.tsx";
import { LAYERS } from "./layer-pages.ts";
import { layer, show } from "./layers.ts";
import { Mark } from "./mark.tsx";
import { Groups } from "./navigation.tsx";
import { notices } from "./notices.ts";
import { PhoneBar } from "./phone-bar.tsx";
import { TopBar } from "./top-bar.tsx";
import { useKeys } from "./use-keys.ts";

/** After a change of screen: the window's title tells it, the focus is where reading begins, the view where it was. */
function useArrival(): void {
  const { i18n } = useLingui();
  const path = usePath();
  const before = useRef(path);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the title is told in the language that is spoken
  useEffect(() => {
    const here = screenAt(path);
    document.title = here === undefined ? "Corepool" : `${inWords(here.named.screen.title)} · Corepool`;
  }, [path, i18n.locale]);
  useEffect(() => {
    // The first page of all: the browser's own order begins at the top, with the link that skips to the content.
    if (before.current === path) return;
    before.current = path;
    const main = document.querySelector<HTMLElement>("main");
    const arrive = (): boolean => {
      const title = main?.querySelector<HTMLElement>("[data-page-title]");
      if (main === null || title === null || title === undefined) return false;
      main.scrollTop = place.get().top;
      title.focus({ preventScroll: true });
      return true;
    };
    // The screen before stays until this one has been loaded.
    const seen = new MutationObserver(() => {
      if (arrive()) seen.disconnect();
    });
    const stood = main?.querySelector("[data-page-title]");
    if (main !== null) seen.observe(main, { childList: true, subtree: true });
    if (stood === null) arrive();
    return () => seen.disconnect();
  }, [path]);
}

/** One stream of events for as long as somebody is signed in. */
function useLive(): void {
  const token = useStore(identity)?.token;
  useEffect(() => {
    if (token === undefined) return;
    const leave = new AbortController();
    // Loaded when somebody is signed in: who only looks around needs no stream.
    const follow = () =>
      import("../data/live.ts").then((stream) => stream.follow(queries, leave.signal)).catch(() => undefined);
    const callOff = afterPaint(() => void follow());
    return () => {
      callOff();
      leave.abort(new DOMException("The page no longer follows.", "AbortError"));
    };
  }, [token]);
}

const Corner = lazy(() => import("./corner.tsx"));
/** Pays the jobs of this browser; it draws nothing while there are none. */
const WatchBar = lazy(async () => {
  const [bar] = await Promise.all([import("../watch/bar.tsx"), loadWordsOf("watch")]);
  return bar;
});

function Notices() {
  // An empty corner is not worth its code.
  if (useStore(notices).all.length === 0) return null;
  return (
    <Suspense fallback={null}>
      <Corner />
    </Suspense>
  );
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
  const painted = usePainted();
  return (
    <div className="flex h-dvh flex-col">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-raised focus:px-3 focus:py-2"
      >
        <Trans>Skip to the content</Trans>
      </a>
      <div className="flex min-h-0 flex-1">
        <nav
          aria-label={t`Main`}
          className="scroll-thin flex w-52 shrink-0 flex-col overflow-y-auto border-r border-line bg-surface px-2 pb-3 phone:hidden"
        >
          <Link to="/market" className="mb-3 flex h-12 shrink-0 items-center gap-2 px-2.5 font-semibold tracking-tight">
            <Mark />
            Corepool
          </Link>
          <Groups />
        </nav>
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar />
          <Banner />
          <Suspense fallback={null}>{painted ? <WatchBar /> : null}</Suspense>
          {/* What is only heard lies within it too, or the window would scroll beside it. */}
          <main id="content" tabIndex={-1} className="scroll-thin relative min-h-0 flex-1 overflow-y-auto">
            <CurrentScreen />
          </main>
        </div>
      </div>
      <PhoneBar />
      <Notices />
      <Layers />
    </div>
  );
}
