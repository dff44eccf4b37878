import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { renderToString } from "react-dom/server";
import { preload } from "./app/match-screens.ts";
import { speak } from "./app/messages.ts";
import { place } from "./app/place.ts";
import type { Locale } from "./app/words.ts";
import { queries } from "./data/query.ts";
import { Shell } from "./shell/shell.tsx";

/**
 * What stands on a page before its code runs: the shell around the screen of a path, as HTML. Drawn when the console is
 * built, for nobody in particular. `whole`: with the screen itself, before anything has been read.
 */
export async function frameOf(path: string, locale: Locale, whole: boolean): Promise<string> {
  place.set({ path, query: "", top: 0 });
  await speak(locale);
  if (whole) await preload(path);
  return renderToString(
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={queries}>
        <Shell />
      </QueryClientProvider>
    </I18nProvider>,
  );
}
