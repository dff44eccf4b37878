import type { ComponentProps } from "react";
import { currentOf } from "./match.ts";
import { preload } from "./match-screens.ts";
import { go, usePath } from "./place.ts";

/**
 * A link to a screen, or to any path of the console. It is a link: it opens in a new tab like one, and its target is
 * loaded when somebody is about to press it.
 */
export function Link({
  to,
  activeClass,
  onClick,
  className,
  ...rest
}: Omit<ComponentProps<"a">, "href"> & { readonly to: string; readonly activeClass?: string }) {
  const path = usePath();
  const [target = ""] = to.split("?");
  // What lies below a screen of the navigation is its part: a workload is one of the workloads.
  const current = activeClass === undefined ? undefined : currentOf(target, path);
  return (
    <a
      {...rest}
      href={to}
      aria-current={rest["aria-current"] ?? current}
      className={`${className ?? ""} ${current === undefined ? "" : activeClass}`}
      onPointerEnter={() => void preload(target)}
      onFocus={() => void preload(target)}
      onClick={(event) => {
        onClick?.(event);
        if (
          event.defaultPrevented ||
          event.button !== 0 ||
          event.metaKey ||
          event.ctrlKey ||
          event.shiftKey ||
          event.altKey
        )
          return;
        event.preventDefault();
        go(to);
      }}
    />
  );
}
