import { Dialog as Base } from "@base-ui/react/dialog";
import { useLingui } from "@lingui/react/macro";
import type { ReactNode, RefObject } from "react";
import { Button } from "./button.tsx";
import { ICONS } from "./icon.tsx";

const PLACES = {
  centre: "top-1/2 left-1/2 w-[32rem] max-h-[85dvh] -translate-x-1/2 -translate-y-1/2 rounded-lg",
  top: "top-[12dvh] left-1/2 w-[36rem] max-h-[70dvh] -translate-x-1/2 rounded-lg",
  right: "top-0 right-0 h-dvh w-[26.25rem]",
  foot: "bottom-0 left-0 w-full max-h-[80dvh] rounded-t-lg",
} as const;

export interface DialogProps {
  readonly title: ReactNode;
  /** Hides the title from eyes, not from ears. */
  readonly quietTitle?: boolean;
  readonly children: ReactNode;
  /** Buttons at the foot, the one that acts last. */
  readonly actions?: ReactNode;
  readonly place?: keyof typeof PLACES;
  readonly onClose: () => void;
  readonly focus?: RefObject<HTMLElement | null>;
}

/** A layer above the page: it keeps the focus, Escape closes it, and the focus goes back to where it came from. */
export function Dialog({
  title,
  quietTitle = false,
  children,
  actions,
  place = "centre",
  onClose,
  focus,
}: DialogProps) {
  const { t } = useLingui();
  return (
    <Base.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-[rgb(0_0_0/0.5)]" />
        <Base.Popup
          {...(focus === undefined ? {} : { initialFocus: focus })}
          className={`fixed z-50 flex max-w-[calc(100vw-1.5rem)] animate-appear flex-col overflow-hidden bg-surface shadow-overlay outline-none ${PLACES[place]} ${place === "foot" ? "!max-w-none" : ""}`}
        >
          <div className={quietTitle ? "sr-only" : "flex items-center gap-2 border-b border-line py-2 pr-2 pl-4"}>
            <Base.Title className="flex-1 font-medium">{title}</Base.Title>
            {quietTitle ? null : (
              <Base.Close render={<Button look="quiet" icon={ICONS.close} aria-label={t`Close`} />} />
            )}
          </div>
          <div className="scroll-thin min-h-0 flex-1 overflow-y-auto">{children}</div>
          {actions === undefined ? null : (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">{actions}</div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
