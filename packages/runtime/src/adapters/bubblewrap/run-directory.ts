import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** What the agent must know of a sandbox after its own restart. The probe key is not in it: init alone keeps it. */
const meta = z.strictObject({
  id: z.string(),
  slot: z.string(),
  workspace: z.string(),
  /** Whether the workspace has a file system of its own; if not, the agent watches it. */
  quota: z.boolean(),
  diskBytes: z.number(),
  memoryBytes: z.number(),
  bootId: z.string(),
  isolation: z.strictObject({
    runtime: z.literal("bubblewrap"),
    runtimeVersion: z.string(),
    user: z.enum(["dedicated", "operator"]),
    limits: z.enum(["cgroup-v1", "cgroup-v2", "rlimit"]),
    workspace: z.enum(["ext4-loop", "watched"]),
    seccomp: z.boolean(),
    network: z.literal("none"),
    weaknesses: z.array(z.string()),
  }),
});
export type SandboxMeta = z.infer<typeof meta>;

/** Files of one sandbox in its run directory. */
export interface RunDirectory {
  readonly path: string;
  readonly log: string;
  readonly status: string;
  readonly errors: string;
  readonly info: string;
}

export function runDirectory(stateDirectory: string, id: string): RunDirectory {
  const path = join(stateDirectory, "run", id);
  return {
    path,
    log: join(path, "output.log"),
    status: join(path, "status.json"),
    errors: join(path, "bwrap.err"),
    info: join(path, "info.json"),
  };
}

/** Makes the directory, with its description in it before anything runs. */
export async function createRunDirectory(run: RunDirectory, description: SandboxMeta): Promise<void> {
  await mkdir(run.path, { mode: 0o700, recursive: true });
  const partial = join(run.path, "meta.json.partial");
  await writeFile(partial, JSON.stringify(description));
  await rename(partial, join(run.path, "meta.json"));
}

/** The description, or null where there is none or a crash of the host tore it: then nothing of it runs any more. */
export async function readMeta(run: RunDirectory): Promise<SandboxMeta | null> {
  const text = await textIfThere(join(run.path, "meta.json"));
  // It is one JSON object: what does not end as one was never written out.
  return text.trimEnd().endsWith("}") ? meta.parse(JSON.parse(text)) : null;
}

/**
 * A file's text, or "" where there is none or its process is gone. One that cannot be read now (no file descriptor left,
 * a disk that fails) is an error: it says nothing of what runs.
 */
export async function textIfThere(path: string): Promise<string> {
  return readFile(path, "utf8").catch(ifGone(""));
}

const GONE: ReadonlySet<unknown> = new Set(["ENOENT", "ESRCH"]);

const ifGone =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (error instanceof Error && "code" in error && GONE.has(error.code)) return instead;
    throw error;
  };

export async function removeRunDirectory(run: RunDirectory): Promise<void> {
  await rm(run.path, { recursive: true, force: true });
}

/** Ids of all sandboxes that have a run directory. */
export async function listRunDirectories(stateDirectory: string): Promise<string[]> {
  const names = await readdir(join(stateDirectory, "run")).catch(ifGone([]));
  return names.sort((a, b) => (a < b ? -1 : 1));
}

/** Distinguishes this boot of the host from all others: a process of an earlier boot is gone. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/**
 * The host's process id of the sandbox's init if it lives, else null. The command line names the sandbox, so a number
 * that the system gave to another process meanwhile is not mistaken for it. Rejects when that cannot be found out now.
 */
export async function initProcess(run: RunDirectory, id: string): Promise<number | null> {
  const info = await textIfThere(run.info);
  const pid = Number(/"child-pid":\s*(\d+)/.exec(info)?.[1] ?? 0);
  if (pid === 0) return null;
  const command = await textIfThere(`/proc/${pid}/cmdline`);
  return command.split("\0").slice(1, 3).join(" ") === `serve ${id}` ? pid : null;
}
