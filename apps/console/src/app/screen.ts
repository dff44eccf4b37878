import { type ComponentType, createContext, use } from "react";
import type { z } from "zod";
import { readSearch } from "./match.ts";
import { go, place } from "./place.ts";
import type { Words } from "./words.ts";

/** For whom a screen is; the navigation has one group for each. `all` is shown at the foot, to everybody. */
export const ROLES = ["client", "provider", "node", "investor", "publisher", "all"] as const;
export type Role = (typeof ROLES)[number];

/**
 * One screen, as `src/screens/NAME/screen.ts` declares it. The router, the navigation and the command palette find it by
 * its folder. Keep the declaration light: it is part of the first download; `page.tsx` is loaded when it is opened.
 */
export interface Screen<Search extends z.ZodType = z.ZodType> {
  /** `/w/$id` has a parameter. */
  readonly path: `/${string}`;
  readonly title: Words;
  /** What the URL may hold behind the question mark. Give every field `.catch(...)`: a wrong link still opens. */
  readonly search?: Search;
  readonly nav?: {
    readonly role: Role;
    /** Lower comes first. Leave gaps. */
    readonly order: number;
    /** Path data of a 16×16 icon, drawn in strokes of 1.5. */
    readonly icon: string;
    /** Whether the bar at the foot of a phone has it. At most four have. */
    readonly phone?: true;
  };
  /** Letter behind `g` that opens it. */
  readonly goKey?: string;
}

/** Declares a screen; the type keeps the schema of its search. */
export function defineScreen<const Search extends z.ZodType = z.ZodType>(screen: Screen<Search>): Screen<Search> {
  return screen;
}

/** The page beside a declaration: `page.tsx` exports its component by default. */
export type FoundPages = Readonly<Record<string, () => Promise<{ readonly default: ComponentType }>>>;

/** What `import.meta.glob` finds. */
export type FoundScreens = Readonly<Record<string, { readonly default: Screen }>>;

/** A screen and the name of its folder. */
export interface NamedScreen {
  readonly name: string;
  readonly screen: Screen;
}

/** The name of a screen by its path. */
export function namedScreens(found: FoundScreens): readonly NamedScreen[] {
  return Object.entries(found)
    .map(([path, module]) => ({ name: path.split("/").at(-2) ?? path, screen: module.default }))
    .sort((a, b) => (a.screen.nav?.order ?? 999) - (b.screen.nav?.order ?? 999));
}

/** What the address says to the screen that is drawn. */
export const ScreenContext = createContext<{
  readonly params: Readonly<Record<string, string>>;
  readonly search: object;
}>({
  params: {},
  search: {},
});

/** The address's search of the open screen, parsed by the screen's own schema. */
export function useSearch<S extends z.ZodType>(screen: Screen<S>): z.output<S> {
  const { search } = use(ScreenContext);
  return (screen.search === undefined ? {} : search) as z.output<S>;
}

/** Changes some fields of the address's search; `undefined` takes a field out. Replaces the entry unless `push` is set. */
export function useSetSearch<S extends z.ZodType>(
  screen: Screen<S>,
): (patch: Partial<z.output<S>>, options?: { readonly push?: boolean }) => void {
  return screen.search === undefined ? () => undefined : setSearch;
}

function setSearch(patch: object, options?: { readonly push?: boolean }): void {
  const { path, query } = place.get();
  go(path, { search: { ...readSearch(query), ...patch }, replace: options?.push !== true });
}

/** A parameter of the open screen's path. */
export function useParam(name: string): string {
  return use(ScreenContext).params[name] ?? "";
}
