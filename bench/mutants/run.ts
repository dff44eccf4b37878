import type { Mutant } from "./mutant.ts";

/** `stillborn`: it does not compile, and does not count. */
export type Outcome = "killed" | "survived" | "stillborn";

/** Tries mutants of one language, one after the other. */
export interface Runner {
  /** @param tests groups of test files; the first group with a failure kills the mutant, and the rest is not run */
  readonly run: (mutant: Mutant, tests: readonly (readonly string[])[]) => Promise<Outcome>;
  readonly end: () => Promise<void>;
}
