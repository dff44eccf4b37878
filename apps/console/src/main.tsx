import "./styles.css";
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, startTransition } from "react";
import { createRoot } from "react-dom/client";
import { preload, screenAt } from "./app/match-screens.ts";
import { speak } from "./app/messages.ts";
import { followHistory, go, place } from "./app/place.ts";
import { prime } from "./data/prime.ts";
import { queries } from "./data/query.ts";
import { resume } from "./identity/identity.ts";
import { localeOf, preferences } from "./shell/preferences.ts";
import { Shell } from "./shell/shell.tsx";

const mount = document.getElementById("root");
if (mount === null) throw new Error("The page has no #root.");

followHistory();
// Browsing needs nobody to sign in.
if (place.get().path === "/") go("/market", { replace: true });
resume();

/** Not at the top level: the screen's code waits until this file has run. */
async function start(root: HTMLElement): Promise<void> {
  const match = screenAt(place.get().path);
  await Promise.all([speak(localeOf(preferences.get(), navigator.languages)), match && prime(match)]);
  // The page names the screen's code, so it is on its way or here: shell and screen are drawn in one go, and nothing moves.
  await preload(place.get().path);
  // The frame of the page stands: what replaces it is drawn in steps, between which the page answers.
  startTransition(() =>
    createRoot(root).render(
      <StrictMode>
        <I18nProvider i18n={i18n}>
          <QueryClientProvider client={queries}>
            <Shell />
          </QueryClientProvider>
        </I18nProvider>
      </StrictMode>,
    ),
  );
}

void start(mount);
