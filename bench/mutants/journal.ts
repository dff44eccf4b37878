import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Case } from "./catalogue.ts";
import type { Result } from "./pool.ts";
import type { Outcome } from "./run.ts";

/**
 * Outcomes of runs that were broken off, a line each: the outcome, a tab, the mutant's key. What an earlier run killed
 * counts as killed; survivors are tried again, for there may be a test by now. Delete the file when the code under test
 * or a runner changes.
 */
export interface Journal {
  /** Results that are known already. */
  readonly known: readonly Result[];
  /** What is left to try. */
  readonly left: readonly Case[];
  readonly keep: (result: Result) => void;
}

/** @param path of the file, or undefined for a run that remembers nothing */
export function openJournal(path: string | undefined, cases: readonly Case[]): Journal {
  if (path === undefined) return { known: [], left: cases, keep: () => undefined };
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  const outcomes = new Map(lines.map((line) => [line.slice(line.indexOf("\t") + 1), line.split("\t")[0] as Outcome]));
  const done = (one: Case): boolean => ["killed", "stillborn"].includes(String(outcomes.get(one.mutant.key)));
  return {
    known: cases.filter(done).map((one) => ({ case: one, outcome: outcomes.get(one.mutant.key) ?? "survived" })),
    left: cases.filter((one) => !done(one)),
    keep: (result) => appendFileSync(path, `${result.outcome}\t${result.case.mutant.key}\n`),
  };
}

/** The cases whose key ends a line of the text: what a run said about survivors will do. */
export function namedIn(text: string, cases: readonly Case[]): Case[] {
  const lines = text.split("\n");
  const named = new Set(lines.map((line) => line.replace(/^.*(no test notices|but killed): |^\w+\t/, "").trim()));
  // A key ends with a space where what was taken out stood last.
  return cases.filter(({ mutant }) => named.has(mutant.key.trim()));
}
