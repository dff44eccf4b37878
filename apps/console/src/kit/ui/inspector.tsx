import { useLingui } from "@lingui/react/macro";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "./button.tsx";
import { ICONS } from "./icon.tsx";

const NARROW = "(width < 64rem)";

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const look = () => setNarrow(query.matches);
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, []);
  return narrow;
}

/** What the open row is made of: docked at the right, or over the page where there is no room beside it. Escape closes it. */
export function Inspector({
  title,
  children,
  onClose,
}: {
  readonly title: string;
  readonly children: ReactNode;
  readonly onClose: () => void;
}) {
  const { t } = useLingui();
  const narrow = useNarrow();
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.defaultPrevented) onClose();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [onClose]);
  return (
    <aside
      aria-label={title}
      className={`flex flex-col bg-surface ${narrow ? "fixed inset-y-0 right-0 z-30 w-[26.25rem] max-w-full animate-appear shadow-overlay" : "w-[26.25rem] shrink-0 border-l border-line"}`}
    >
      <div className="flex h-12 shrink-0 items-center justify-between border-b border-line pr-2 pl-4">
        <h2 className="font-medium">{title}</h2>
        <Button look="quiet" icon={ICONS.close} aria-label={t`Close`} onClick={onClose} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard */}
      <div className="scroll-thin min-h-0 flex-1 overflow-y-auto" tabIndex={0}>
        {children}
      </div>
    </aside>
  );
}
