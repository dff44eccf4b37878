import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

/**
 * One catalogue per screen, loaded with it, one for signing in, one for placement, one for the watch, and one for what all
 * screens share. A screen's words live in its own folder, so that adding a screen touches no shared file.
 */
export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "ko"],
  // Neither line numbers nor dates: a catalogue changes when its words do.
  format: formatter({ lineNumbers: false, origins: false, printPlaceholdersInComments: false }),
  orderBy: "message",
  catalogs: [
    { path: "<rootDir>/src/screens/{name}/locales/{locale}", include: ["<rootDir>/src/screens/{name}"] },
    { path: "<rootDir>/src/identity/locales/{locale}", include: ["<rootDir>/src/identity"] },
    { path: "<rootDir>/src/placement/locales/{locale}", include: ["<rootDir>/src/placement"] },
    { path: "<rootDir>/src/watch/locales/{locale}", include: ["<rootDir>/src/watch"] },
    {
      path: "<rootDir>/src/locales/{locale}",
      include: ["<rootDir>/src"],
      exclude: [
        "<rootDir>/src/screens/**",
        "<rootDir>/src/identity/**",
        "<rootDir>/src/placement/**",
        "<rootDir>/src/watch/**",
        "<rootDir>/src/gallery/**",
      ],
    },
  ],
});
