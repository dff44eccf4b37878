import { useNavigate, useParams as useRouterParams, useSearch as useRouterSearch } from "@tanstack/react-router";
import type { ComponentType } from "react";
import type { z } from "zod";
import type { Words } from "./words.ts";

/** For whom a screen is; the navigation has one group for each. `all` is shown at the foot, to everybody. */
export const ROLES = ["client", "provider", "node", "investor", "publisher", "all"] as const;
export type Role = (typeof ROLES)[number];

/**
 * One screen, as `src/screens/NAME/screen.ts` declares it. The router, the navigation and the command palette find it by
 * its folder. Keep the declaration light: it is part of the first download; the page is loaded when it is opened.
 */
export interface Screen<Search extends z.ZodType = z.ZodType> {
  /** In the router's words: `/w/$id`. */
  readonly path: `/${string}`;
  readonly title: Words;
  readonly page: () => Promise<{ readonly default: ComponentType }>;
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

/** The URL's search of the open screen, parsed by the screen's own schema. */
export function useSearch<S extends z.ZodType>(_: Screen<S>): z.output<S> {
  return useRouterSearch({ strict: false }) as z.output<S>;
}

/** Changes some fields of the URL's search; `undefined` takes a field out. Replaces the entry unless `push` is set. */
export function useSetSearch<S extends z.ZodType>(
  _: Screen<S>,
): (patch: Partial<z.output<S>>, options?: { readonly push?: boolean }) => void {
  const navigate = useNavigate();
  return (patch, options) => {
    void navigate({
      to: ".",
      search: ((now: object) => ({ ...now, ...(patch as object) })) as never,
      replace: options?.push !== true,
      resetScroll: false,
    });
  };
}

/** A parameter of the open screen's path. */
export function useParam(name: string): string {
  const params = useRouterParams({ strict: false }) as Readonly<Record<string, string | undefined>>;
  return params[name] ?? "";
}
