import { readKept, writeKept } from "../app/kept-text.ts";
import { createStore } from "../app/store.ts";
import { LOCALES, type Locale } from "../app/words.ts";

export const THEMES = ["system", "light", "dark"] as const;
export const DENSITIES = ["compact", "normal", "comfortable"] as const;

/** What a person has chosen on this device. */
export interface Preferences {
  readonly theme: (typeof THEMES)[number];
  readonly density: (typeof DENSITIES)[number];
  /** Undefined: the browser's. */
  readonly locale: Locale | undefined;
}

/** Where it is kept. `public/first-paint.js` reads it before anything else runs. */
export const PREFERENCES_KEY = "corepool.preferences";

const oneOf = <T extends string>(list: readonly T[], value: unknown): T | undefined =>
  list.find((each) => each === value);

/** Reads what was kept; whatever is damaged or unknown falls back to the default. */
export function parsePreferences(text: string | null): Preferences {
  let saved: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text ?? "{}");
    if (parsed !== null && typeof parsed === "object") saved = parsed as Record<string, unknown>;
  } catch {
    // Damaged: the defaults stand.
  }
  return {
    theme: oneOf(THEMES, saved["theme"]) ?? "system",
    density: oneOf(DENSITIES, saved["density"]) ?? "normal",
    locale: oneOf(LOCALES, saved["locale"]),
  };
}

/** The language to speak: the chosen one, else the first of the browser's that the console knows, else English. */
export function localeOf(preferences: Preferences, languages: readonly string[]): Locale {
  if (preferences.locale !== undefined) return preferences.locale;
  for (const language of languages) {
    const known = oneOf(LOCALES, language.slice(0, 2).toLowerCase());
    if (known !== undefined) return known;
  }
  return "en";
}

export const preferences = createStore<Preferences>(parsePreferences(readKept(PREFERENCES_KEY)));

/** Changes some, keeps them, and shows theme and density at once. The language is the caller's to speak. */
export function prefer(change: Partial<Preferences>): void {
  preferences.set((now) => ({ ...now, ...change }));
  const now = preferences.get();
  writeKept(PREFERENCES_KEY, JSON.stringify(now));
  const { dataset } = document.documentElement;
  if (now.theme === "system") delete dataset["theme"];
  else dataset["theme"] = now.theme;
  dataset["density"] = now.density;
}
