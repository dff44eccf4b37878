import { Plural, Trans } from "@lingui/react/macro";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Link } from "../app/link.tsx";
import { useStore } from "../app/store.ts";
import { identity, renew } from "../identity/identity.ts";
import { ICONS, Icon } from "../kit/ui/icon.tsx";
import { Time } from "../kit/values/time.tsx";
import { show } from "../shell/layers.ts";
import { attendAll, attendNow } from "./start.ts";
import { type Watched, watches } from "./watches.ts";

const HandOver = lazy(() => import("./hand-over.tsx"));
const LetGo = lazy(() => import("./let-go.tsx"));

/** Pays this browser's jobs for as long as the page stands, whoever's turn it is; tells when they cannot be read. */
function useWatches(): string | undefined {
  const token = useStore(identity)?.token;
  const [unread, setUnread] = useState<string | undefined>(undefined);
  useEffect(() => {
    attendAll(token === undefined ? undefined : identity.get()?.address).then(
      () => setUnread(undefined),
      (error: unknown) => setUnread(error instanceof Error ? error.message : String(error)),
    );
  }, [token]);
  return unread;
}

/** Has the browser ask before the tab is closed while it pays. */
function useLeaveGuard(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [active]);
}

/** A tab pays only while somebody is signed in: that does not end by itself while it can be renewed. */
function useSignedIn(active: boolean): void {
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => void renew(Date.now()).catch(() => undefined), RENEWAL_LOOK_MS);
    return () => clearInterval(timer);
  }, [active]);
}

const RENEWAL_LOOK_MS = 60_000;
const ACTION = "shrink-0 underline underline-offset-2";

function Line({
  tone,
  children,
  action,
}: {
  readonly tone: "info" | "warn";
  readonly children: ReactNode;
  readonly action?: ReactNode;
}) {
  return (
    <div
      role="status"
      data-watch={tone}
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-raised px-4 py-1.5 text-sm"
    >
      <Icon path={tone === "warn" ? ICONS.alert : ICONS.info} className={tone === "warn" ? "text-warn" : "text-info"} />
      <p className="min-w-0 flex-1 basis-48">{children}</p>
      {action}
    </div>
  );
}

function Name({ watched }: { readonly watched: Watched }) {
  return (
    <Link to={`/w/${watched.workload}`} className="font-mono underline underline-offset-2">
      {`${watched.workload.slice(0, 8)}…${watched.workload.slice(-4)}`}
    </Link>
  );
}

/** Says which jobs hang on this browser, and what to do before it is closed. Nothing while there are none. */
export default function WatchBar() {
  const unread = useWatches();
  const until = useStore(identity)?.expiresAt;
  const all = useStore(watches);
  const here = all.filter(({ by }) => by === "here");
  const idle = all.filter(({ by }) => by === "idle");
  const stopped = all.filter(({ by }) => by === "stopped");
  const [handing, setHanding] = useState(false);
  const [leaving, setLeaving] = useState<readonly Watched[]>([]);
  useLeaveGuard(here.length > 0);
  useSignedIn(here.length > 0);
  const troubled = here.find(({ trouble }) => trouble !== undefined);
  const [first] = here;
  return (
    <>
      {unread === undefined ? null : (
        <Line tone="warn">
          <Trans>The jobs of this browser cannot be read: {unread}</Trans>
        </Line>
      )}
      {first === undefined ? null : (
        <Line
          tone={troubled === undefined ? "info" : "warn"}
          action={
            <button type="button" className={ACTION} onClick={() => setHanding(true)}>
              <Trans>Before you close it</Trans>
            </button>
          }
        >
          {here.length === 1 ? (
            <Trans>
              This tab pays for <Name watched={first} /> while it runs: keep it open.
            </Trans>
          ) : (
            <Trans>This tab pays for {here.length} jobs while they run: keep it open.</Trans>
          )}
          {until === undefined ? null : (
            <span className="ml-2 text-muted">
              <Trans>
                It can while you are signed in: until <Time at={until} />.
              </Trans>
            </span>
          )}
          {troubled?.trouble === undefined ? null : (
            <span className="ml-2 text-warn">
              <Trans>Not paid just now: {troubled.trouble}</Trans>
            </span>
          )}
        </Line>
      )}
      {stopped.map((each) => (
        <Line
          key={each.workload}
          tone="warn"
          action={
            <span className="flex gap-3">
              <button type="button" className={ACTION} onClick={() => void attendNow(each.workload)}>
                <Trans>Go on</Trans>
              </button>
              <button type="button" className={ACTION} onClick={() => setLeaving([each])}>
                <Trans>Let it go</Trans>
              </button>
            </span>
          }
        >
          <Trans>
            <Name watched={each} /> is no longer paid: {each.trouble ?? ""}
          </Trans>
        </Line>
      ))}
      {idle.length === 0 ? null : (
        <Line
          tone="warn"
          action={
            <span className="flex gap-3">
              <button type="button" className={ACTION} onClick={() => show("sign-in")}>
                <Trans>Your account</Trans>
              </button>
              <button type="button" className={ACTION} onClick={() => setLeaving(idle)}>
                <Trans>Let them go</Trans>
              </button>
            </span>
          }
        >
          <Plural
            value={idle.length}
            one="# job of this browser is not paid, because its owner is not signed in here."
            other="# jobs of this browser are not paid, because their owner is not signed in here."
          />
        </Line>
      )}
      {handing && here.length > 0 ? (
        <Suspense fallback={null}>
          <HandOver watched={here} onClose={() => setHanding(false)} />
        </Suspense>
      ) : null}
      {leaving.length === 0 ? null : (
        <Suspense fallback={null}>
          <LetGo watched={leaving} onClose={() => setLeaving([])} />
        </Suspense>
      )}
    </>
  );
}
