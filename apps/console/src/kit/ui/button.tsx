import type { ComponentProps } from "react";
import { Icon } from "./icon.tsx";

const LOOKS = {
  /** The one thing that the screen is for. */
  primary: "bg-accent text-on-accent font-medium hover:brightness-95 border border-transparent",
  /** Everything else. */
  plain: "bg-surface text-text border border-line hover:bg-raised hover:border-faint",
  quiet: "text-muted hover:text-text hover:bg-raised border border-transparent",
  /** What takes something away. */
  danger: "bg-surface text-bad border border-bad hover:bg-raised",
} as const;

export interface ButtonProps extends ComponentProps<"button"> {
  readonly look?: keyof typeof LOOKS;
  readonly icon?: string;
  /** Shows that it works and takes no second press, and keeps its words and its place in the tab order. */
  readonly busy?: boolean;
}

/** A button. Its name is its text; one with an icon alone needs an `aria-label`, which is its tooltip too. */
export function Button({
  look = "plain",
  icon,
  busy = false,
  children,
  className = "",
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      title={rest["aria-label"]}
      {...rest}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      className={`row inline-flex items-center justify-center gap-1.5 rounded-(--radius) text-sm whitespace-nowrap transition-opacity duration-100 select-none disabled:cursor-not-allowed disabled:opacity-50 ${children === undefined ? "w-(--row)" : "px-3"} ${LOOKS[look]} ${busy ? "animate-pulse" : ""} ${className}`}
    >
      {icon === undefined ? null : <Icon path={icon} />}
      {children}
    </button>
  );
}
