import { useEffect, useState } from "react";

/** Longest wait for a picture, milliseconds: a tab in the background draws none. */
const LATEST_MS = 1_000;

/** Does work once, when what stands now has been painted. The returned function calls it off. */
export function afterPaint(work: () => void): () => void {
  let waits = true;
  const leave = (): void => {
    waits = false;
    clearTimeout(timer);
  };
  const once = (): void => {
    if (!waits) return;
    leave();
    work();
  };
  const timer = setTimeout(once, LATEST_MS);
  requestAnimationFrame(() => setTimeout(once));
  return leave;
}

/** Whether the component has been painted once: what no first view needs is loaded then. */
export function usePainted(): boolean {
  const [painted, setPainted] = useState(false);
  useEffect(() => afterPaint(() => setPainted(true)), []);
  return painted;
}
