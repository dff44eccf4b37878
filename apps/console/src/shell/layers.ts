import { lazy } from "react";
import { loadWordsOf } from "../app/messages.ts";
import { createStore } from "../app/store.ts";

/** What lies above the page. One at a time; each is a chunk of its own. */
export type Layer = "palette" | "keys" | "notices" | "sign-in" | "more";

export const layer = createStore<Layer | undefined>(undefined);

/** Opens a layer, or closes the one that is open. */
export function show(next: Layer | undefined): void {
  layer.set(next);
}

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
