import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
const CACHE = fileURLToPath(new URL("../../node_modules/.cache/corepool", import.meta.url));

export type Json = Readonly<Record<string, unknown>>;

/** A command that runs, and what it has said so far. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** JSON lines of stdout. */
  readonly said: Json[];
  readonly stderr: () => string;
  /** Resolves with the first line that matches, also one of the past. Rejects when the command ends before. */
  readonly until: (what: string, match: (line: Json) => boolean, patienceMs?: number) => Promise<Json>;
  readonly ended: Promise<number>;
}

/** Starts `corepool` as a process of its own with --json. */
export function startCommand(
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
): RunningCommand {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? options.env.COREPOOL_HOME,
    env: { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", NODE_COMPILE_CACHE: CACHE, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: Json[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  let stderr = "";
  let over: number | undefined;
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) said.push(JSON.parse(line) as Json);
    for (const look of waiting) look();
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<number>((resolve) => {
    child.once("close", (code, signal) => {
      over = code ?? (signal === null ? 1 : 128);
      for (const look of waiting) look();
      resolve(over);
    });
  });
  const until = (what: string, match: (line: Json) => boolean, patienceMs = 60_000): Promise<Json> =>
    new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(late);
        waiting.delete(look);
      };
      const fail = (why: string): void => {
        done();
        reject(
          new Error(
            `corepool ${args.join(" ")}: ${why} before "${what}". Its last lines: ${said
              .slice(-5)
              .map((l) => JSON.stringify(l))
              .join("\n")
              .slice(-2000)} ${stderr.slice(-2000)}`,
          ),
        );
      };
      const look = (): void => {
        const found = said.find(match);
        if (found !== undefined) {
          done();
          resolve(found);
        } else if (over !== undefined) fail(`it ended with code ${over}`);
      };
      const late = setTimeout(() => fail(`${patienceMs} ms passed`), patienceMs);
      waiting.add(look);
      look();
    });
  return { child, said, stderr: () => stderr, until, ended };
}

/** Runs `corepool` to its end. */
export async function command(
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly cwd?: string },
): Promise<{
  readonly code: number;
  readonly said: readonly Json[];
  readonly error: Json | undefined;
  readonly stderr: string;
}> {
  const running = startCommand(args, options);
  const code = await running.ended;
  const line = running
    .stderr()
    .split("\n")
    .find((l) => l.startsWith("{"));
  const error = line === undefined ? undefined : (JSON.parse(line) as { readonly error: Json }).error;
  return { code, said: running.said, error, stderr: running.stderr() };
}
