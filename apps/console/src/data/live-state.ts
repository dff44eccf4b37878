import { createStore } from "../app/store.ts";

/** The one stream of events: `off` while nobody is signed in. `lastEventAt`: milliseconds since the epoch. */
export interface Live {
  readonly state: "off" | "connecting" | "live" | "broken";
  readonly lastEventAt: number | undefined;
}

export const live = createStore<Live>({ state: "off", lastEventAt: undefined });
