import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { localeOf, PREFERENCES_KEY, parsePreferences } from "./preferences.ts";

const script = readFileSync(new URL("../../public/first-paint.js", import.meta.url), "utf8");

/** What the script that runs before the first paint makes of the page. */
function firstPaint(saved: string | null, language: string) {
  const documentElement = { dataset: {} as Record<string, string>, lang: "" };
  runInNewContext(script, {
    localStorage: { getItem: (key: string) => (key === PREFERENCES_KEY ? saved : null) },
    document: { documentElement },
    navigator: { language },
  });
  return documentElement;
}

describe("preferences", () => {
  it("fall back where what was kept is damaged, unknown or absent", () => {
    const initial = { theme: "system", density: "normal", locale: undefined };
    for (const text of [null, "", "{", "null", "[1]", '{"theme":"neon","density":7,"locale":"xx"}'])
      expect(parsePreferences(text)).toEqual(initial);
    expect(parsePreferences('{"theme":"dark","density":"compact","locale":"ko"}')).toEqual({
      theme: "dark",
      density: "compact",
      locale: "ko",
    });
  });

  it("speak the chosen language, else the browser's first that is known, else English", () => {
    const none = parsePreferences(null);
    expect(localeOf({ ...none, locale: "ko" }, ["en-GB"])).toBe("ko");
    expect(localeOf(none, ["fr-FR", "ko-KR", "en"])).toBe("ko");
    expect(localeOf(none, ["fr"])).toBe("en");
  });

  it("are shown before the first paint as they are afterwards", () => {
    for (const saved of [null, "{", '{"theme":"dark","density":"compact","locale":"ko"}', '{"theme":"neon"}'])
      for (const language of ["en-US", "ko-KR", "fr"]) {
        const preferences = parsePreferences(saved);
        const page = firstPaint(saved, language);
        expect(page.dataset["theme"]).toBe(preferences.theme === "system" ? undefined : preferences.theme);
        expect(page.dataset["density"]).toBe(preferences.density);
        expect(page.lang).toBe(localeOf(preferences, [language]));
      }
  });
});
