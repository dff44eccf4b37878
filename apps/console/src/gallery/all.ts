import type { FoundPages, FoundScreens } from "../app/screen.ts";

/** The gallery of kits, in development and in the browser tests. */
export const gallery: FoundScreens = import.meta.glob<FoundScreens[string]>("./*/screen.ts", { eager: true });
export const galleryPages: FoundPages = import.meta.glob<Awaited<ReturnType<FoundPages[string]>>>("./*/page.tsx");
