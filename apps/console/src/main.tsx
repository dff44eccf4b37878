import "./styles.css";
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { speak } from "./app/messages.ts";
import { router } from "./app/router.tsx";
import { queries } from "./data/query.ts";
import { resume } from "./identity/identity.ts";
import { localeOf, preferences } from "./shell/preferences.ts";

const mount = document.getElementById("root");
if (mount === null) throw new Error("The page has no #root.");

resume();
await speak(localeOf(preferences.get(), navigator.languages));
createRoot(mount).render(
  <StrictMode>
    <I18nProvider i18n={i18n}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </I18nProvider>
  </StrictMode>,
);
