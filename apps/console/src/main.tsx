import "./styles.css";
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { speak } from "./app/messages.ts";
import { followHistory, go, place } from "./app/place.ts";
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
await speak(localeOf(preferences.get(), navigator.languages));
createRoot(mount).render(
  <StrictMode>
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={queries}>
        <Shell />
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
