import { readKept, writeKept } from "../app/kept-text.ts";
import { createStore } from "../app/store.ts";
import { type KeptMandate, parseKept, withKept } from "./copy.ts";

const KEY = "corepool.mandates";

/** Mandates that were signed in this browser. They hold no key; without them a revocation would need the operator's word. */
export const keptMandates = createStore<readonly KeptMandate[]>(parseKept(readKept(KEY)));

/** Keeps one, or what has become of it. Throws when the browser does not store it: then it must not be given to anybody. */
export function keep(one: KeptMandate): void {
  // Another tab may have signed one since.
  const next = withKept(parseKept(readKept(KEY)), one);
  if (!writeKept(KEY, JSON.stringify(next)))
    throw new Error("This browser keeps nothing for this page: a mandate could not be revoked from here.");
  keptMandates.set(next);
}
