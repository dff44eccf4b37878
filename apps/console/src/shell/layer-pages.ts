import { lazy } from "react";
import { loadWordsOf } from "../app/messages.ts";

/** What each layer shows, loaded when it is opened. */
export const LAYERS = {
  palette: lazy(() => import("./palette.tsx")),
  keys: lazy(() => import("./keys-dialog.tsx")),
  notices: lazy(() => import("./notices-dialog.tsx")),
  "sign-in": lazy(async () => {
    const [dialog] = await Promise.all([import("../identity/sign-in-dialog.tsx"), loadWordsOf("identity")]);
    return dialog;
  }),
  more: lazy(() => import("./more-drawer.tsx")),
} as const;
