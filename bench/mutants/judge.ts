import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "./pool.ts";

/** A mutant that no test can or should kill, and why. */
export interface Survivor {
  readonly key: string;
  readonly reason: string;
}

/** What has to be killed of all that a test could notice. */
export const LEAST_KILLED = 0.9;

/** The committed list, bench/mutants/survivors.json. */
export function listedSurvivors(): Survivor[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, "survivors.json"), "utf8")) as Survivor[];
}

/** What is wrong with results, one line each: survivors that nobody explained, explained ones that were killed. */
export function faultsOf(results: readonly Result[], listed: readonly Survivor[]): string[] {
  const reasons = new Map(listed.map(({ key, reason }) => [key, reason]));
  return results.flatMap(({ case: { mutant }, outcome }) => {
    const place = `${mutant.file}:${mutant.line}`;
    if (outcome === "survived" && !reasons.has(mutant.key)) return [`${place}: no test notices: ${mutant.key}`];
    if (outcome === "killed" && reasons.has(mutant.key))
      return [`${place}: listed as a survivor, but killed: ${mutant.key}`];
    return [];
  });
}

/** What results come to. */
export interface Score {
  readonly killed: number;
  /** Survivors without a reason. */
  readonly unnoticed: number;
  /** Survivors with one. */
  readonly explained: number;
  readonly stillborn: number;
  /** Killed of what a test could notice, 0 to 1. */
  readonly share: number;
}

export function scoreOf(results: readonly Result[], listed: readonly Survivor[]): Score {
  const reasons = new Set(listed.map(({ key }) => key));
  const count = (which: (result: Result) => boolean): number => results.filter(which).length;
  const killed = count(({ outcome }) => outcome === "killed");
  const explained = count(({ case: { mutant }, outcome }) => outcome === "survived" && reasons.has(mutant.key));
  const unnoticed = count(({ outcome }) => outcome === "survived") - explained;
  const stillborn = count(({ outcome }) => outcome === "stillborn");
  const noticeable = killed + unnoticed;
  return { killed, unnoticed, explained, stillborn, share: noticeable === 0 ? 1 : killed / noticeable };
}

/** Listed survivors that are no mutants any more, are there twice or have no reason. */
export function staleSurvivors(listed: readonly Survivor[], keys: ReadonlySet<string>): string[] {
  return listed.flatMap(({ key, reason }, i) => {
    if (!keys.has(key)) return [`listed, but there is no such mutant: ${key}`];
    if (reason.trim() === "") return [`listed without a reason: ${key}`];
    return listed.findIndex((other) => other.key === key) < i ? [`listed twice: ${key}`] : [];
  });
}
