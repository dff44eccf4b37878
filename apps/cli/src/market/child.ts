import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A part of the market that runs as a process of its own. */
export interface ChildOptions {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: string;
}

export interface Child {
  readonly pid: number;
  /** Resolves with a sentence when the process has ended, for whatever reason. */
  readonly ended: Promise<string>;
  /** Asks it to stop; kills it when it has not within `patienceMs`. */
  readonly stop: (patienceMs: number) => Promise<void>;
}

/**
 * Starts a part in a group of its own, so that Ctrl-C in the terminal does not end it before those who use it, and tied
 * to this process, so that it does not outlive a supervisor that was killed. Its output goes to its log file.
 */
export function startChild(options: ChildOptions): Child {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = openSync(options.log, "a", 0o600);
  const setpriv = "/usr/bin/setpriv";
  const argv =
    process.platform === "linux" && existsSync(setpriv)
      ? [setpriv, "--pdeathsig", "TERM", ...options.argv]
      : options.argv;
  const [program = "", ...words] = argv;
  const child: ChildProcess = spawn(program, words, { detached: true, stdio: ["ignore", log, log], env: options.env });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`it could not be started: ${error.message}`));
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
    );
  });
  return {
    pid: child.pid ?? 0,
    ended,
    stop: async (patienceMs) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const late = new AbortController();
      const done = await Promise.race([
        ended,
        wait(patienceMs, undefined, { signal: late.signal }).catch(() => undefined),
      ]);
      late.abort();
      if (done !== undefined) return;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** The last lines of a log, to show with a failure. */
export async function tailOf(path: string, lines: number): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { size } = await file.stat();
    const length = Math.min(size, 8192);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8").trimEnd().split("\n").slice(-lines).join("\n");
  } finally {
    await file.close();
  }
}
