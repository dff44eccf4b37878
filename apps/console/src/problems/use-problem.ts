import { codeOf } from "@corepool/core/errors";
import { isProblemCode, type ProblemCode } from "@corepool/protocol/problems";
import { useLingui } from "@lingui/react";
import { useEffect, useState } from "react";
import type { Locale } from "../app/words.ts";

/** The console's words about problems in one language. In English the coordinator's own words are the titles. */
export interface ProblemWords {
  readonly titles?: Readonly<Record<ProblemCode, string>>;
  readonly next: Readonly<Record<ProblemCode, string>>;
}

/** One file for each language, loaded when there is something to say in it. */
export const PROBLEM_WORDS: Readonly<Record<Locale, () => Promise<ProblemWords>>> = {
  en: () => import("./en.ts"),
  ko: () => import("./ko.ts"),
};
const loaded = new Map<string, ProblemWords>();

/**
 * What a problem means in the language that is spoken, and what to do next. Both are undefined for what is no problem of
 * the catalogue, and until the words are there; `title` is undefined in English, in which the coordinator says it better
 * itself.
 */
export function useProblem(error: unknown): {
  readonly title: string | undefined;
  readonly next: string | undefined;
} {
  const { i18n } = useLingui();
  const [, setCount] = useState(0);
  const code = codeOf(error);
  const known = code !== undefined && isProblemCode(code) ? code : undefined;
  const load = known === undefined ? undefined : PROBLEM_WORDS[i18n.locale as Locale];
  useEffect(() => {
    if (load === undefined || loaded.has(i18n.locale)) return;
    // Without them the coordinator's own words stand alone.
    load().then(
      (words) => {
        loaded.set(i18n.locale, words);
        setCount((now) => now + 1);
      },
      () => undefined,
    );
  }, [load, i18n.locale]);
  const words = loaded.get(i18n.locale);
  return known === undefined
    ? { title: undefined, next: undefined }
    : { title: words?.titles?.[known], next: words?.next[known] };
}
