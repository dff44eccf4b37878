import { useSyncExternalStore } from "react";

/** A value that components may read and that changes from outside of them too. */
export interface Store<T> {
  readonly get: () => T;
  readonly set: (next: T | ((now: T) => T)) => void;
  readonly subscribe: (listener: () => void) => () => void;
}

/** Makes a store. Setting the same value (`Object.is`) tells nobody. */
export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      const after = typeof next === "function" ? (next as (now: T) => T)(value) : next;
      if (Object.is(after, value)) return;
      value = after;
      for (const listener of [...listeners]) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A store's value in a component. */
export function useStore<T>(store: Store<T>): T {
  // The frame of a page is drawn without a browser too, when the console is built.
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
