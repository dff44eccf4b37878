import { gallery, galleryPages } from "#gallery";
import { type FoundPages, type FoundScreens, namedScreens } from "./screen.ts";

/** Every screen: a folder below `screens` with a `screen.ts` and a `page.tsx`. */
export const SCREENS = namedScreens({
  ...import.meta.glob<FoundScreens[string]>("../screens/*/screen.ts", { eager: true }),
  ...gallery,
});

const PAGES: FoundPages = {
  ...import.meta.glob<Awaited<ReturnType<FoundPages[string]>>>("../screens/*/page.tsx"),
  ...galleryPages,
};

/** Loads the page of a screen by the name of its folder. */
export function loadPage(name: string): ReturnType<FoundPages[string]> {
  const load = PAGES[`../screens/${name}/page.tsx`] ?? PAGES[`./${name}/page.tsx`];
  return load === undefined ? Promise.reject(new Error(`The screen ${name} has no page.`)) : load();
}
