import { execFile } from "node:child_process";
import { access, chmod, constants, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { syntheticEtc } from "../../policy/sandbox.ts";
import { seccompFilter } from "../../policy/seccomp.ts";
import type { Architecture } from "../../policy/syscalls.ts";

const run = promisify(execFile);
const exists = (path: string, mode = constants.F_OK): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/** This processor, if the sandbox knows it. */
export function hostArchitecture(): Architecture | null {
  return process.arch === "x64" || process.arch === "arm64" ? process.arch : null;
}

/** The shipped init for this processor. */
export const initBinary = (architecture: Architecture): string =>
  join(import.meta.dirname, "../../../init/bin", `init-linux-${architecture}`);

/** Where bubblewrap is installed. Only system directories: a program found by PATH could be anyone's. */
export async function findBubblewrap(): Promise<string | null> {
  for (const path of ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"])
    if (await exists(path, constants.X_OK)) return path;
  return null;
}

/** The version it reports, e.g. `0.8.0`. */
export async function bubblewrapVersion(path: string): Promise<string> {
  const { stdout } = await run(path, ["--version"], { timeout: 10_000 });
  return stdout.trim().split(" ").at(-1) ?? "";
}

/** Whether dotted version `a` is older than `b`. */
export function olderThan(a: string, b: string): boolean {
  const [left, right] = [a, b].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) if ((left?.[i] ?? 0) !== (right?.[i] ?? 0)) return (left?.[i] ?? 0) < (right?.[i] ?? 0);
  return false;
}

/** Paths of what every sandbox of this agent shares. */
export interface SharedFiles {
  readonly etc: string;
  readonly filter: string;
  readonly etcFromHost: readonly string[];
}

/** Writes the synthetic /etc and the seccomp filter into the agent's private directory. Safe to repeat. */
export async function writeSharedFiles(stateDirectory: string, architecture: Architecture): Promise<SharedFiles> {
  const etc = join(stateDirectory, "etc");
  for (const directory of [stateDirectory, join(stateDirectory, "run"), etc])
    await mkdir(directory, { recursive: true });
  await chmod(stateDirectory, 0o700);
  await chmod(etc, 0o755);
  for (const [name, text] of Object.entries(syntheticEtc)) {
    if (name.endsWith("/")) await mkdir(join(etc, name), { recursive: true });
    else await replace(join(etc, name), text, 0o644);
  }
  const filter = join(stateDirectory, "seccomp.bpf");
  await replace(filter, seccompFilter(architecture), 0o600);
  const etcFromHost: string[] = [];
  for (const path of ["/etc/alternatives", "/etc/ld.so.cache"]) if (await exists(path)) etcFromHost.push(path);
  return { etc, filter, etcFromHost };
}

async function replace(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const before = await readFile(path).catch(() => null);
  if (before?.equals(Buffer.from(content))) return;
  await writeFile(`${path}.partial`, content);
  await chmod(`${path}.partial`, mode);
  await rename(`${path}.partial`, path);
}
