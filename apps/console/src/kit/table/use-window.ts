import { type RefObject, useEffect, useState } from "react";
import { windowOf } from "./model.ts";

/** Follows a scroller and says which of its rows, all of one height, have to be drawn. Draws anew only when that changes. */
export function useWindow(
  scroller: RefObject<HTMLElement | null>,
  count: number,
  rowHeight: number,
): readonly [number, number] {
  const [range, setRange] = useState<readonly [number, number]>([0, Math.min(count, 60)]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const next = windowOf(count, rowHeight, element.scrollTop, element.clientHeight);
      setRange((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
    };
    const soon = (): void => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    element.addEventListener("scroll", soon, { passive: true });
    const size = new ResizeObserver(soon);
    size.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("scroll", soon);
      size.disconnect();
    };
  }, [scroller, count, rowHeight]);
  return [Math.min(range[0], count), Math.min(range[1], count)];
}
