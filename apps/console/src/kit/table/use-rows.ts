import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";

/** What the keyboard does with rows. */
export interface RowKeys {
  /** The row that is in the tab order. */
  readonly active: number;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly setActive: (index: number) => void;
}

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

/**
 * j, k and the arrows move between rows, x selects, Enter opens. The row gets the focus also when it was out of sight.
 * From an idle page `j` enters the table and `/` its search.
 */
export function useRowKeys(options: {
  readonly scroller: RefObject<HTMLElement | null>;
  readonly search: RefObject<HTMLElement | null>;
  readonly count: number;
  readonly rowHeight: number;
  readonly headHeight: number;
  readonly onSelect: (index: number) => void;
  readonly onOpen: (index: number) => void;
}): RowKeys {
  const { scroller, search, count, rowHeight, headHeight } = options;
  const [wanted, setActive] = useState(0);
  const active = Math.max(0, Math.min(wanted, count - 1));
  const follow = useRef(false);

  useEffect(() => {
    if (!follow.current) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${active}"]`);
    if (row === null || row === undefined) return;
    follow.current = false;
    row.focus({ preventScroll: true });
  });

  const move = (to: number): void => {
    const index = Math.max(0, Math.min(to, count - 1));
    const element = scroller.current;
    if (element === null || count === 0) return;
    const top = index * rowHeight;
    const room = element.clientHeight - headHeight;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowHeight > element.scrollTop + room) element.scrollTop = top + rowHeight - room;
    follow.current = true;
    setActive(index);
    element.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true });
  };

  const enter = useRef(move);
  enter.current = move;
  useEffect(() => {
    const idle = (event: globalThis.KeyboardEvent): void => {
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      const free = target === document.body || target.matches("main, [data-page-title]");
      if (!free || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "/") search.current?.focus();
      else if (event.key === "j") enter.current(active);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", idle);
    return () => removeEventListener("keydown", idle);
  }, [search, active]);

  return {
    active,
    setActive,
    onKeyDown: (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      // Keys that go to something inside of the row, a button or the checkbox, are its own; letters still move.
      const own = event.target instanceof HTMLElement && event.target.dataset["index"] === undefined;
      const step = STEPS[event.key];
      if (step !== undefined) move(active + step);
      else if (event.key === "Home") move(0);
      else if (event.key === "End") move(count - 1);
      else if (event.key === "x" || (event.key === " " && !own)) options.onSelect(active);
      else if (event.key === "Enter" && !own) options.onOpen(active);
      else return;
      event.preventDefault();
    },
  };
}
