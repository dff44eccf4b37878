import type { FoundPages, FoundScreens } from "../app/screen.ts";

/** The build that is served has no gallery. */
export const gallery: FoundScreens = {};
export const galleryPages: FoundPages = {};
