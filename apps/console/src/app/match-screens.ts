import { type ComponentType, lazy } from "react";
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
const loaded = new Map<string, ComponentType>();
const pages = new Map<string, ComponentType>();

function load({ name }: NamedScreen): Promise<{ readonly default: ComponentType }> {
  const known = loading.get(name);
  if (known !== undefined) return known;
  const started = Promise.all([loadPage(name), loadWordsOf(name)]).then(([page]) => {
    loaded.set(name, page.default);
    return page;
  });
  loading.set(name, started);
  // What could not be loaded is asked for again at the next try.
  started.catch(() => {
    loading.delete(name);
    pages.delete(name);
  });
  return started;
}

/** The page of a screen, with its words, loaded when it is drawn first. One that is here already is drawn at once. */
export function pageOf(named: NamedScreen): ComponentType {
  const known = pages.get(named.name);
  if (known !== undefined) return known;
  const page = loaded.get(named.name) ?? lazy(() => load(named));
  pages.set(named.name, page);
  return page;
}

/** Loads the screen of a path before it is asked for. Resolves when it is here, or cannot be loaded now. */
export async function preload(path: string): Promise<void> {
  const match = screenAt(path);
  if (match !== undefined) await load(match.named).catch(() => undefined);
}
