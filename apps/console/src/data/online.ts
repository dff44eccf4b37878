import { createStore } from "../app/store.ts";

/** Whether the coordinator answers. `at`: when it last did, milliseconds since the epoch. */
export interface Contact {
  readonly reachable: boolean;
  readonly at: number | undefined;
}

const contact = createStore<Contact>({ reachable: true, at: undefined });

/** Contact with the coordinator as every request of this page has found it. */
export const online = {
  store: contact,
  /** A request was answered, or was not. */
  heard: (answered: boolean, now = Date.now()): void => {
    contact.set((before) => {
      if (!answered) return before.reachable ? { ...before, reachable: false } : before;
      // Ages are told in whole seconds; more would only make the page draw.
      if (before.reachable && before.at !== undefined && now - before.at < 1_000) return before;
      return { reachable: true, at: now };
    });
  },
};
