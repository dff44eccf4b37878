import { useLingui } from "@lingui/react/macro";
import { useEffect } from "react";
import { Link } from "../app/link.tsx";
import { useStore } from "../app/store.ts";
import { ICONS, Icon } from "../kit/ui/icon.tsx";
import { State } from "../kit/values/state.tsx";
import { dismiss, type Notice, notices } from "./notices.ts";

/** How long a notice stands. One that tells of a failure stays until it is dismissed. */
const STAYS_MS = 6_000;

function Standing({ notice }: { readonly notice: Notice }) {
  const { t } = useLingui();
  useEffect(() => {
    if (notice.tone === "bad") return;
    const timer = setTimeout(() => dismiss(notice.id), STAYS_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <li className="flex animate-appear items-start gap-2 rounded-(--radius) bg-raised py-2 pr-1 pl-3 text-sm shadow-overlay">
      <div className="min-w-0 flex-1 py-0.5">
        <State tone={notice.tone}>
          {notice.to === undefined ? (
            notice.text
          ) : (
            <Link to={notice.to} className="underline underline-offset-2">
              {notice.text}
            </Link>
          )}
        </State>
        {notice.detail === undefined ? null : <p className="pl-4 text-muted">{notice.detail}</p>}
      </div>
      <button
        type="button"
        aria-label={t`Dismiss`}
        onClick={() => dismiss(notice.id)}
        className="p-1 text-faint hover:text-text"
      >
        <Icon path={ICONS.close} />
      </button>
    </li>
  );
}

/** Notices in the corner, read out politely. */
export default function Corner() {
  const { t } = useLingui();
  const { all, shown } = useStore(notices);
  const standing = all.filter((notice) => shown.includes(notice.id)).reverse();
  return (
    <section
      aria-live="polite"
      aria-label={t`Notices`}
      className="pointer-events-none fixed right-3 bottom-3 z-40 w-80 max-w-[calc(100vw-1.5rem)] phone:bottom-16"
    >
      <ul className="pointer-events-auto flex flex-col gap-2">
        {standing.map((notice) => (
          <Standing key={notice.id} notice={notice} />
        ))}
      </ul>
    </section>
  );
}
