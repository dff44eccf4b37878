/**
 * Proves the assertions of a small Solidity file for every sequence of calls: solc's SMTChecker turns them into
 * constrained Horn clauses and Z3 answers. Both come from npm as WebAssembly. Nothing is cached.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { SOLC_VERSION } from "../solc-settings.ts";

/** `proved`: every assertion holds. `refuted`: one fails after some calls. `unknown`: no answer in time. */
export type Verdict = "proved" | "refuted" | "unknown";

type Message = { readonly severity: string; readonly errorCode: string; readonly formattedMessage: string };
type Solc = {
  version(): string;
  compile(input: string, callbacks: { smtSolver(query: string): { contents: string } }): string;
};

const SAFE = "9576";
const VIOLATION = "6328";
/** What solc says beside its verdicts: no answer, and how many assertions that leaves open. */
const NO_ANSWER = new Set(["1218", "5840"]);

/**
 * @param source a Solidity file without imports
 * @param timeoutMs for one question to the solver
 * @throws Error when the file does not compile or asserts nothing
 */
export async function prove(source: string, timeoutMs: number): Promise<Verdict> {
  const answers = new Map<string, string>();
  const questions: string[] = [];
  check(source, (query) => {
    questions.push(query);
    return "unknown";
  });
  if (questions.length === 0) throw new Error("the file asserts nothing");
  for (const question of questions) {
    const answer = await ask(question, timeoutMs);
    answers.set(question, answer);
    if (answer.startsWith("unsat")) break;
  }
  // The compiler judges the answers; it asks the same questions again.
  const messages = check(source, (query) => answers.get(query) ?? "unknown");
  // "Might happen" is what it says of an assertion that got no answer.
  if (messages.some((m) => m.errorCode === VIOLATION && m.formattedMessage.includes("violation happens here")))
    return "refuted";
  const safe = messages.filter((m) => m.errorCode === SAFE).length;
  return safe === questions.length && safe === messages.length ? "proved" : "unknown";
}

function check(source: string, smtSolver: (query: string) => string): readonly Message[] {
  const solc = createRequire(import.meta.url)("solc") as Solc;
  if (!solc.version().startsWith(`${SOLC_VERSION}+`)) throw new Error(`solc ${SOLC_VERSION} is wanted`);
  const input = {
    language: "Solidity",
    sources: { "Model.sol": { content: source } },
    settings: {
      modelChecker: {
        engine: "chc",
        solvers: ["smtlib2"],
        targets: ["assert"],
        showProvedSafe: true,
        showUnproved: true,
      },
    },
  };
  const output = solc.compile(JSON.stringify(input), { smtSolver: (query) => ({ contents: smtSolver(query) }) });
  const { errors = [] } = JSON.parse(output) as { errors?: readonly Message[] };
  const faults = errors.filter((m) => ![SAFE, VIOLATION].includes(m.errorCode) && !NO_ANSWER.has(m.errorCode));
  if (faults.length > 0) throw new Error(faults.map((m) => m.formattedMessage).join("\n"));
  return errors;
}

function ask(question: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "solver.ts")], {
      stdio: ["pipe", "pipe", "inherit"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let answer = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      answer += part;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? answer : "unknown"));
    // A killed solver closes the pipe; `close` tells.
    child.stdin.on("error", () => undefined).end(question);
  });
}
