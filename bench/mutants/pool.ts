import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { type Case, type Language, needsDatabase } from "./catalogue.ts";
import type { Outcome } from "./run.ts";

export interface Result {
  readonly case: Case;
  readonly outcome: Outcome;
}

/** A mutant that takes so many times as long as its tests without it never ends, or as good as never: it is killed. */
const PATIENCE = 10;
const LEAST_PATIENCE_MS = 20_000;
/** For tests without any change. */
const CHECK_MS = 300_000;
/** The first start compiles the contracts' tests. */
const START_MS = 600_000;

type Answer = {
  readonly ready?: true;
  readonly outcome?: Outcome;
  readonly error?: string;
  /** The process ended in the place of an answer. */
  readonly dead?: true;
};

/**
 * Tries mutants of one language in `workers` processes. Resolves with the results in the order of the cases.
 * @throws Error when a worker cannot start, the tests fail without any change, or a run breaks for another reason
 */
export async function tryMutants(
  language: Language,
  cases: readonly Case[],
  workers: number,
  tried: (result: Result, index: number) => void = () => undefined,
): Promise<Result[]> {
  const results: Result[] = [];
  const patience = new Map<string, number>();
  let next = 0;
  // One after the other: the first compiles the contracts' tests, and two that do so at once spoil each other's files.
  let started: Promise<unknown> = Promise.resolve();
  const begin = (): Promise<ChildProcess> => {
    const mine = started.then(() => start(language, cases));
    started = mine.catch(() => undefined);
    return mine;
  };
  const work = async (): Promise<void> => {
    let worker: ChildProcess | undefined;
    try {
      for (let i = next++; i < cases.length; i = next++) {
        const one = cases[i];
        if (one === undefined) break;
        worker ??= await begin();
        let outcome = await ask(worker, one, await patienceFor(worker, one, patience));
        if (outcome === "dead") {
          // Another process may have ended it, for want of memory for one: only a mutant that does it again is to blame.
          worker = await begin();
          outcome = await ask(worker, one, await patienceFor(worker, one, patience));
        }
        if (outcome === "late" || outcome === "dead") {
          end(worker);
          worker = undefined;
          outcome = "killed";
        }
        const result = { case: one, outcome };
        results[i] = result;
        tried(result, i);
      }
      const last = worker;
      if (last !== undefined)
        await new Promise((resolve) => {
          last.once("exit", resolve);
          last.send("end");
        });
    } finally {
      if (worker !== undefined) end(worker);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return results;
}

async function start(language: Language, cases: readonly Case[]): Promise<ChildProcess> {
  const database = cases.some(needsDatabase);
  // Its own group, so that what it started ends with it.
  const worker = fork(join(import.meta.dirname, "worker.ts"), [language, database ? "database" : "none"], {
    detached: true,
    // Not those of a program given as text, which `npm run bench` is: no file can be run with them.
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const answer = await answerOf(worker, START_MS);
  if (answer?.ready === true) return worker;
  end(worker);
  throw new Error(`the ${language} runner did not start: ${answer?.error ?? "too slow"}`);
}

/** Runs the tests of a case without its change, once: tests that fail anyway would kill every mutant. Milliseconds. */
async function patienceFor(worker: ChildProcess, one: Case, known: Map<string, number>): Promise<number> {
  const tests = JSON.stringify(one.tests);
  const before = known.get(tests);
  if (before !== undefined) return before;
  const mutant = { ...one.mutant, key: `${one.mutant.file} unchanged`, start: 0, end: 0, text: "" };
  const started = performance.now();
  const outcome = await ask(worker, { mutant, tests: one.tests }, CHECK_MS);
  if (outcome !== "survived") throw new Error(`without any change the tests say "${outcome}": ${tests}`);
  const ms = Math.max(LEAST_PATIENCE_MS, PATIENCE * (performance.now() - started));
  known.set(tests, ms);
  return ms;
}

async function ask(worker: ChildProcess, one: Case, ms: number): Promise<Outcome | "late" | "dead"> {
  worker.send(one);
  const answer = await answerOf(worker, ms);
  if (answer === undefined) return "late";
  if (answer.dead === true) return "dead";
  if (answer.outcome === undefined) throw new Error(`${one.mutant.key}: ${answer.error ?? "no answer"}`);
  return answer.outcome;
}

function answerOf(worker: ChildProcess, ms: number): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: Answer | undefined): void => {
      clearTimeout(timer);
      worker.off("message", settle);
      worker.off("exit", died);
      resolve(answer);
    };
    const died = (code: number | null): void => settle({ error: `it ended with ${code}`, dead: true });
    const timer = setTimeout(() => settle(undefined), ms);
    worker.once("message", settle);
    worker.once("exit", died);
  });
}

function end(worker: ChildProcess): void {
  if (worker.pid === undefined || worker.exitCode !== null) return;
  try {
    process.kill(-worker.pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
