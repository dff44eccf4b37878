import { createStore } from "../app/store.ts";

/** What lies above the page. One at a time; each is a chunk of its own. */
export type Layer = "palette" | "keys" | "notices" | "sign-in" | "more";

export const layer = createStore<Layer | undefined>(undefined);

/** Opens a layer, or closes the one that is open. */
export function show(next: Layer | undefined): void {
  layer.set(next);
}
