import { i18n } from "@lingui/core";
import type { Locale, Words } from "./words.ts";

type Catalogue = () => Promise<{ readonly messages: Parameters<typeof i18n.load>[1] }>;

const SHARED = import.meta.glob("../locales/*.po") as Readonly<Record<string, Catalogue>>;
const OF_PARTS = import.meta.glob([
  "../screens/*/locales/*.po",
  "../identity/locales/*.po",
  "../placement/locales/*.po",
  "../watch/locales/*.po",
]) as Readonly<Record<string, Catalogue>>;
const opened = new Set<string>();

/** What has words of its own and is no screen. */
const PARTS: readonly string[] = ["identity", "placement", "watch"];

/** Where the words of a part lie: a screen by the name of its folder, or one of those. */
const partAt = (name: string, locale: string): string =>
  PARTS.includes(name) ? `../${name}/locales/${locale}.po` : `../screens/${name}/locales/${locale}.po`;

async function load(locale: Locale, catalogue: Catalogue | undefined): Promise<void> {
  if (catalogue === undefined) return;
  const { messages } = await catalogue();
  i18n.load(locale, messages as never);
}

/** Speaks a language from now on: the shared words and those of every screen that has been opened. */
export async function speak(locale: Locale): Promise<void> {
  await Promise.all([
    load(locale, SHARED[`../locales/${locale}.po`]),
    ...[...opened].map((name) => load(locale, OF_PARTS[partAt(name, locale)])),
  ]);
  i18n.activate(locale);
  document.documentElement.lang = locale;
}

/** Loads the words of a screen, or of another part, in the language that is spoken. */
export async function loadWordsOf(name: string): Promise<void> {
  opened.add(name);
  const before = i18n.messages;
  await load(i18n.locale as Locale, OF_PARTS[partAt(name, i18n.locale)]);
  if (i18n.messages !== before) i18n.activate(i18n.locale);
}

/** Words of a declaration in the language that is spoken. */
export function inWords(words: Words): string {
  return words[i18n.locale as Locale] ?? words.en;
}
