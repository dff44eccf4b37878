import { randomBytes } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogChunk, Runtime, SandboxHandle, SandboxResult, SandboxSpec } from "@corepool/core/ports/runtime";

/** What a conformance case gets: an adapter on a prepared host, and what that host is said to enforce. */
export interface Bench {
  runtime(): Runtime;
  /** Lets go of the present runtime and opens another on the same host, as a restarted agent does. */
  restart(): Promise<Runtime>;
  /** A directory for input files that the agent's user may write. */
  readonly scratch: string;
  /** Slots of the host; at least two. */
  readonly slots: readonly string[];
  /** Whether the kernel enforces the limits of a whole sandbox, and the size of its workspace. */
  readonly cgroup: boolean;
  readonly quota: boolean;
  /** Size of a workspace, bytes; cases stay well below or go well above. */
  readonly diskBytes: number;
  /** The host's number of the process with which the sandbox lives and dies; null once it is gone. */
  rootProcess(id: string): Promise<number | null>;
  /** Identifies a process's sandbox from outside, e.g. by pid namespace; undefined for processes outside any. */
  sandboxOf(pid: number): Promise<string | undefined>;
}

export interface Case {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<void>;
}

let count = 0;
export const KEY = randomBytes(32);
const MIB = 2 ** 20;

/** A spec with small limits; `argv` of one word is a shell script. */
export function specOf(bench: Bench, argv: readonly string[], changes: Partial<SandboxSpec> = {}): SandboxSpec {
  const command = argv.length === 1 ? ["sh", "-c", argv[0] ?? ""] : argv;
  return {
    id: `case-${process.pid}-${count++}`,
    slot: bench.slots[0] ?? "",
    argv: command,
    env: {},
    inputs: [],
    deadlineSeconds: 60,
    probeKey: KEY,
    limits: { cpus: 1, memoryBytes: 256 * MIB, diskBytes: bench.diskBytes, pids: 64 },
    ...changes,
  };
}

export const python = (code: string): string[] => ["python3", "-c", code];

/** Starts a workload, gives it to `use`, and destroys it whatever happens. */
export async function withSandbox<T>(
  bench: Bench,
  argv: readonly string[],
  use: (handle: SandboxHandle) => Promise<T>,
  changes: Partial<SandboxSpec> = {},
): Promise<T> {
  const handle = await bench.runtime().create(specOf(bench, argv, changes));
  try {
    return await use(handle);
  } finally {
    // A case may have restarted the runtime, after which the handle of the old one is of no use.
    const current = await bench.runtime().attach(handle.id);
    await current?.destroy();
  }
}

export interface Ran {
  readonly result: SandboxResult;
  readonly stdout: string;
  readonly stderr: string;
  readonly notice: string;
}

export async function logText(handle: SandboxHandle): Promise<Omit<Ran, "result">> {
  const text = { stdout: "", stderr: "", notice: "" };
  const pieces: Record<LogChunk["stream"], Uint8Array[]> = { stdout: [], stderr: [], notice: [] };
  for await (const chunk of handle.followLog(0)) pieces[chunk.stream].push(chunk.bytes);
  for (const stream of ["stdout", "stderr", "notice"] as const) text[stream] = Buffer.concat(pieces[stream]).toString();
  return text;
}

/** Runs a workload to its end. */
export function run(bench: Bench, argv: readonly string[], changes: Partial<SandboxSpec> = {}): Promise<Ran> {
  return withSandbox(
    bench,
    argv,
    async (handle) => ({ ...(await logText(handle)), result: await handle.wait() }),
    changes,
  );
}

/** Waits until the workload has printed `marker`. */
export async function until(handle: SandboxHandle, marker: string): Promise<void> {
  let text = "";
  for await (const chunk of handle.followLog(0, AbortSignal.timeout(20_000))) {
    text += Buffer.from(chunk.bytes).toString();
    if (text.includes(marker)) return;
  }
  throw new Error(`The workload never said "${marker}", only: ${text}`);
}

/** Processes, zombies not counted, that are in the sandbox of `pid`'s kind. */
export async function processesIn(bench: Bench, sandbox: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || (await bench.sandboxOf(Number(name))) !== sandbox) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (stat !== "" && !/\) Z /.test(stat)) found.push(Number(name));
  }
  return found;
}

/** Fails unless the sandbox has no process left within a second. */
export async function assertGone(bench: Bench, sandbox: string): Promise<void> {
  let left: number[] = [];
  for (let waited = 0; waited <= 1000; waited += 50) {
    left = await processesIn(bench, sandbox);
    if (left.length === 0) return;
    await sleep(50);
  }
  throw new Error(`${left.length} processes of the sandbox are left after a second: ${left.join(", ")}.`);
}

/** The pid namespace of a process; undefined when it cannot be read. */
export const pidNamespace = (pid: number): Promise<string | undefined> =>
  readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
