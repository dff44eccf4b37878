/** The languages that the console speaks, each complete. */
export const LOCALES = ["en", "ko"] as const;
export type Locale = (typeof LOCALES)[number];

/** What stands in a screen's own declaration, in every language, because it is shown before the screen is loaded. */
export type Words = Readonly<Record<Locale, string>>;

/** A language as people call it in itself. */
export const LOCALE_NAMES: Readonly<Record<Locale, string>> = { en: "English", ko: "한국어" };
