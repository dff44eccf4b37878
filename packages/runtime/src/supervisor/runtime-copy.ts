import { createHash } from "node:crypto";
import {
  chmod,
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import { z } from "zod";

const manifest = z.object({
  name: z.string(),
  version: z.string().default("0"),
  dependencies: z.record(z.string(), z.string()).default({}),
  /** What of a package of ours is needed at run time, where that is not all that it exports. */
  files: z.array(z.string()).optional(),
  exports: z.unknown().optional(),
});

/** A package that the agent needs: where it is, and whether it is one of ours (a workspace) or npm's. */
interface Needed {
  readonly directory: string;
  readonly ours: boolean;
  readonly id: string;
  /** Folders within it that are needed; the empty path is all of it. */
  readonly parts: readonly string[];
}

/** Files that nothing needs at run time; Node runs no TypeScript of npm's packages. */
const UNNEEDED = { ours: /\.test\.ts$/, npm: /\.([cm]?ts|map|md|markdown|tsbuildinfo)$/ } as const;

async function readManifest(directory: string): Promise<z.infer<typeof manifest> | null> {
  const text = await readFile(join(directory, "package.json"), "utf8").catch(() => null);
  return text === null ? null : manifest.parse(JSON.parse(text));
}

/** The directory that Node would find for `name` from `from`: the nearest node_modules above that has it. */
async function resolve(name: string, from: string, repository: string): Promise<string | null> {
  for (let directory = from; directory.startsWith(repository); directory = dirname(directory)) {
    const candidate = join(directory, "node_modules", name);
    if ((await stat(join(candidate, "package.json")).catch(() => null)) !== null) return candidate;
    if (directory === repository) break;
  }
  return null;
}

/** The closure of production dependencies of one workspace, by what is installed. */
async function closure(repository: string, workspace: string): Promise<readonly Needed[]> {
  const found = new Map<string, Needed>();
  const visit = async (directory: string): Promise<void> => {
    const real = await realpath(directory);
    if (found.has(real)) return;
    const described = await readManifest(real);
    if (described === null) return;
    const ours = !relative(repository, real).split("/").includes("node_modules");
    const parts = ours ? (described.files ?? exportedFolders(described.exports)) : [];
    found.set(real, {
      directory: real,
      ours,
      id: `${described.name}@${described.version}`,
      parts: parts.length ? parts : [""],
    });
    // Not the optional ones: by their nature a program works without, and ours are large.
    for (const name of Object.keys(described.dependencies)) {
      const dependency = await resolve(name, real, repository);
      if (dependency !== null) await visit(dependency);
      else {
        throw new CorepoolError("setup-failed", {
          detail: `${described.name} needs ${name}, which is not installed.`,
          next: "Run npm install.",
        });
      }
    }
  };
  await visit(join(repository, workspace));
  return [...found.values()].sort((a, b) => (a.directory < b.directory ? -1 : 1));
}

/** Folders that a package's `exports` lead into: caches and tests beside them stay behind. */
function exportedFolders(exports: unknown): string[] {
  if (typeof exports === "string") {
    const fixed = exports.split("*", 1)[0] ?? "";
    return [fixed.slice(0, fixed.lastIndexOf("/")).replace(/^\.\/?/, "")];
  }
  if (typeof exports !== "object" || exports === null) return [];
  return [...new Set(Object.values(exports).flatMap(exportedFolders))];
}

/** Regular files of a package, relative to it, without packages nested in it (those are found by themselves). */
async function filesOf({ directory, parts, ours }: Needed): Promise<string[]> {
  const files = ["package.json"];
  const unneeded = ours ? UNNEEDED.ours : UNNEEDED.npm;
  const visit = async (prefix: string): Promise<void> => {
    for (const entry of await readdir(join(directory, prefix), { withFileTypes: true })) {
      const path = join(prefix, entry.name);
      if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== ".git") await visit(path);
      else if (entry.isFile() && !unneeded.test(entry.name)) files.push(path);
    }
  };
  for (const part of parts) await visit(part);
  return [...new Set(files)].sort((a, b) => (a < b ? -1 : 1));
}

async function copyReadable(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const executable = ((await stat(from)).mode & 0o111) !== 0;
  await chmod(to, executable ? 0o755 : 0o644);
}

/**
 * For files that nobody edits in place: a second name costs nothing, where the file is root's alone to write and
 * everyone's to read as it is. Else, and across file systems, a copy.
 */
async function linkOrCopy(from: string, to: string): Promise<void> {
  const { uid, mode } = await stat(from);
  const suitable = uid === 0 && (mode & 0o022) === 0 && (mode & 0o444) === 0o444;
  const linked =
    suitable &&
    (await link(from, to).then(
      () => true,
      () => false,
    ));
  if (!linked) await copyReadable(from, to);
}

export interface RuntimeCopy {
  /** Root of the copy: laid out as the repository is. */
  readonly directory: string;
  readonly node: string;
}

/**
 * A copy of Node, of our sources and of what they depend on, that the agent's own user can read wherever and with
 * whatever modes the repository lies, and that no workload and no other user can change. It is named by its content and
 * made once.
 * @param base root-owned directory, readable by all
 * @param workspace path of the package to run within the repository, e.g. `apps/agent`
 */
export async function copyRuntime(repository: string, workspace: string, base: string): Promise<RuntimeCopy> {
  const root = await realpath(repository);
  const node = await realpath(process.execPath);
  const needed = await closure(root, workspace);
  const hash = createHash("sha256");
  const listed: { readonly files: string[]; readonly needed: Needed }[] = [];
  const { size, mtimeMs } = await stat(node);
  hash.update(`${process.version} ${size} ${mtimeMs}\n`);
  for (const one of needed) {
    const files = await filesOf(one);
    listed.push({ files, needed: one });
    hash.update(`${relative(root, one.directory)} ${one.id} ${files.length}\n`);
    // Published packages never change under one version; ours do.
    if (one.ours) for (const file of files) hash.update(`${file}\n`).update(await readFile(join(one.directory, file)));
  }
  const directory = join(base, hash.digest("hex").slice(0, 32));
  const copy = { directory, node: join(directory, "bin/node") };
  if ((await stat(directory).catch(() => null)) !== null) {
    await utimes(directory, new Date(), new Date());
    return copy;
  }
  const partial = `${directory}.partial-${process.pid}`;
  await makeDirectory(join(partial, "bin"));
  await linkOrCopy(node, join(partial, "bin/node"));
  for (const { files, needed: one } of listed) {
    const target = join(partial, relative(root, one.directory));
    for (const folder of new Set(files.map((file) => dirname(join(target, file))))) await makeDirectory(folder);
    const place = one.ours ? copyReadable : linkOrCopy;
    await Promise.all(files.map((file) => place(join(one.directory, file), join(target, file))));
    if (!one.ours) continue;
    const link = join(partial, "node_modules", one.id.slice(0, one.id.lastIndexOf("@")));
    await makeDirectory(dirname(link));
    await symlink(relative(dirname(link), target), link);
  }
  await rename(partial, directory).catch(async (error: unknown) => {
    // Another supervisor may have made the same copy meanwhile.
    await rm(partial, { recursive: true });
    if ((await stat(directory).catch(() => null)) === null) throw error;
  });
  return copy;
}

async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  for (let made = path; first !== undefined && made.startsWith(first); made = dirname(made)) await chmod(made, 0o755);
}

/**
 * Removes copies other than `current` that nobody runs from: each change of our sources makes a new one.
 * @param base as for `copyRuntime`
 */
export async function pruneCopies(base: string, current: RuntimeCopy): Promise<void> {
  const running = new Set<string>();
  for (const pid of await readdir("/proc")) {
    const program = /^\d+$/.test(pid) ? await readlink(`/proc/${pid}/exe`).catch(() => "") : "";
    if (program.startsWith(`${base}/`)) running.add(program.slice(base.length + 1).split("/")[0] ?? "");
  }
  for (const name of await readdir(base)) {
    const directory = join(base, name);
    // A copy that another supervisor is making has no process yet; its directory was changed a moment ago.
    const { mtimeMs } = await stat(directory);
    if (directory !== current.directory && !running.has(name) && Date.now() - mtimeMs > 600_000)
      await rm(directory, { recursive: true });
  }
}
