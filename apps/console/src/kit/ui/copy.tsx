import { useLingui } from "@lingui/react/macro";
import { useEffect, useState } from "react";
import { ICONS, Icon } from "./icon.tsx";

/** Copies a text and says so, for eyes and for ears. */
export function CopyButton({
  text,
  label,
  className = "",
}: {
  readonly text: string;
  readonly label?: string;
  readonly className?: string;
}) {
  const { t } = useLingui();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const name = copied ? t`Copied` : (label ?? t`Copy`);
  return (
    <button
      type="button"
      aria-label={name}
      title={name}
      onClick={(event) => {
        event.stopPropagation();
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
      className={`inline-flex size-6 shrink-0 items-center justify-center rounded text-faint hover:bg-raised hover:text-text ${copied ? "text-accent" : ""} ${className}`}
    >
      <Icon path={copied ? ICONS.check : ICONS.copy} className="size-3.5" />
      <span role="status" className="sr-only">
        {copied ? t`Copied` : ""}
      </span>
    </button>
  );
}
