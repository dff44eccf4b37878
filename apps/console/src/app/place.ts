import { writeSearch } from "./match.ts";
import { createStore, useStore } from "./store.ts";

/** Where the page is. `top`: how far its content was scrolled when it was left, pixels. */
export interface Place {
  readonly path: string;
  readonly query: string;
  readonly top: number;
}

const read = (top: number): Place => ({ path: location.pathname, query: location.search, top });
const scroller = (): HTMLElement | null => document.querySelector("main");

/** Where the page is now. The browser's history is the truth; this follows it. */
export const place = createStore<Place>(typeof location === "undefined" ? { path: "/", query: "", top: 0 } : read(0));

/** Follows the browser's buttons from now on. Called once, when the page starts; declarations are read without a page too. */
export function followHistory(): void {
  addEventListener("popstate", moved);
}

function moved(event: PopStateEvent): void {
  const state: unknown = event.state;
  const top = state !== null && typeof state === "object" && "top" in state ? Number(state.top) : 0;
  // A link to a part of the same page is no change of place.
  const [now, next] = [place.get(), read(top)];
  if (now.path !== next.path || now.query !== next.query) place.set(next);
}

/** Goes to a path, or changes the search of this one. A replaced entry is not gone back to. */
export function go(
  to: string,
  options: { readonly search?: Readonly<Record<string, unknown>>; readonly replace?: boolean } = {},
): void {
  const url = `${to}${options.search === undefined ? "" : writeSearch(options.search)}`;
  if (options.replace === true) history.replaceState(history.state, "", url);
  else {
    history.replaceState({ top: scroller()?.scrollTop ?? 0 }, "");
    history.pushState(null, "", url);
  }
  place.set(read(0));
}

/** The path of the page. */
export function usePath(): string {
  return useStore(place).path;
}
