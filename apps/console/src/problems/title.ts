import { codeOf } from "@corepool/core/errors";
import type { ProblemCode } from "@corepool/protocol/problems";
import { useLingui } from "@lingui/react";
import { useEffect, useState } from "react";
import type { Locale } from "../app/words.ts";

type Titles = Readonly<Record<ProblemCode, string>>;

/** What the coordinator's words are not: one file for each other language, loaded when there is something to say in it. */
const OTHERS: Readonly<Record<Exclude<Locale, "en">, () => Promise<{ readonly titles: Titles }>>> = {
  ko: () => import("./ko.ts"),
};
const loaded = new Map<string, Titles>();

/**
 * What a problem means in the language that is spoken; undefined in English, in which the coordinator says it better
 * itself, and for what is no problem of the catalogue.
 */
export function useProblemTitle(error: unknown): string | undefined {
  const { i18n } = useLingui();
  const [, setCount] = useState(0);
  const code = codeOf(error);
  const load = code === undefined ? undefined : OTHERS[i18n.locale as keyof typeof OTHERS];
  useEffect(() => {
    if (load === undefined || loaded.has(i18n.locale)) return;
    // Without them the coordinator's own words stand alone.
    load().then(
      ({ titles }) => {
        loaded.set(i18n.locale, titles);
        setCount((now) => now + 1);
      },
      () => undefined,
    );
  }, [load, i18n.locale]);
  return load === undefined ? undefined : loaded.get(i18n.locale)?.[code as ProblemCode];
}
