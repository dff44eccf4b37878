import { type ComponentType, type LazyExoticComponent, lazy } from "react";
import { matchPath } from "./match.ts";
import { loadWordsOf } from "./messages.ts";
import type { NamedScreen } from "./screen.ts";
import { loadPage, SCREENS } from "./screens.ts";

/** The screen of a path, and the path's parameters. */
export interface Match {
  readonly named: NamedScreen;
  readonly params: Readonly<Record<string, string>>;
}

/** Which screen a path leads to; one that is written out comes before one with parameters. */
export function screenAt(path: string): Match | undefined {
  let found: Match | undefined;
  for (const named of SCREENS) {
    const params = matchPath(named.screen.path, path);
    if (params !== undefined && (found === undefined || !named.screen.path.includes("$"))) found = { named, params };
  }
  return found;
}

const loading = new Map<string, Promise<{ readonly default: ComponentType }>>();
const pages = new Map<string, LazyExoticComponent<ComponentType>>();

function load({ name }: NamedScreen): Promise<{ readonly default: ComponentType }> {
  const known = loading.get(name);
  if (known !== undefined) return known;
  const started = Promise.all([loadPage(name), loadWordsOf(name)]).then(([page]) => page);
  loading.set(name, started);
  // What could not be loaded is asked for again at the next try.
  started.catch(() => {
    loading.delete(name);
    pages.delete(name);
  });
  return started;
}

/** The page of a screen, with its words, loaded when it is drawn first. */
export function pageOf(named: NamedScreen): LazyExoticComponent<ComponentType> {
  const known = pages.get(named.name);
  if (known !== undefined) return known;
  const page = lazy(() => load(named));
  pages.set(named.name, page);
  return page;
}

/** Loads the screen of a path before it is asked for. */
export function preload(path: string): void {
  const match = screenAt(path);
  if (match !== undefined) load(match.named).catch(() => undefined);
}
