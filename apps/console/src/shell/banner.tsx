import { Trans } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { useStore } from "../app/store.ts";
import { online } from "../data/online.ts";
import { queries } from "../data/query.ts";
import { ICONS, Icon } from "../kit/ui/icon.tsx";
import { Ago } from "../kit/values/time.tsx";

function useBrowserOnline(): boolean {
  const [is, setIs] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setIs(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return is;
}

/** Says that what the page shows is no longer renewed, and since when; takes itself away when the coordinator answers. */
export function Banner() {
  const { reachable, at } = useStore(online.store);
  const browser = useBrowserOnline();
  const away = !browser || !reachable;
  useEffect(() => {
    if (!away) return;
    // While nothing else asks, this does: what is on screen is read anew as soon as it can be.
    const timer = setInterval(() => void queries.refetchQueries({ type: "active" }), 5_000);
    return () => clearInterval(timer);
  }, [away]);
  if (!away) return null;
  return (
    <div role="status" className="flex items-center gap-2 bg-warn px-4 py-1.5 text-sm text-bg">
      <Icon path={ICONS.alert} />
      <p>
        {browser ? <Trans>The coordinator does not answer.</Trans> : <Trans>This device is offline.</Trans>}{" "}
        {at === undefined ? null : (
          <Trans>
            You see what was known <Ago at={at} /> ago.
          </Trans>
        )}
      </p>
    </div>
  );
}
