import { constants, type Dir } from "node:fs";
import { type FileHandle, lstat, open, opendir } from "node:fs/promises";
import { CorepoolError } from "@corepool/core/errors";
import type { OutputBounds, OutputFile, OutputListing, OutputRefusal } from "@corepool/core/ports/runtime";
import { workspacePath } from "@corepool/protocol/primitives";

export const DEFAULT_BOUNDS: OutputBounds = { maxFiles: 10_000, maxDepth: 32, maxTotalBytes: 64 * 2 ** 30 };

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;
/** O_NONBLOCK: a FIFO that took a file's place since the check must not hold us up. */
const FILE_FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const DIRECTORY_FLAGS = O_RDONLY | O_NOFOLLOW | O_DIRECTORY;
const LISTED_REFUSALS = 100;

/**
 * A path that the kernel resolves from an open directory and not by name: openat() for a platform without it. What a
 * workload renames or links meanwhile cannot lead us elsewhere.
 */
const inside = (directory: FileHandle, name: string): string => `/proc/self/fd/${directory.fd}/${name}`;

/**
 * Regular files below `<workspace>/outputs`, by path. The tree belongs to a hostile workload that may still run: links
 * are never followed, a file with a second name is refused (the other could lie anywhere), so is anything that is not
 * a plain file on the workspace's own file system.
 */
export async function listOutputs(workspace: string, bounds: OutputBounds = DEFAULT_BOUNDS): Promise<OutputListing> {
  const files: OutputFile[] = [];
  const refused: { path: string; reason: OutputRefusal }[] = [];
  let refusedCount = 0;
  let totalBytes = 0;
  let seen = 0;
  const refuse = (path: string, reason: OutputRefusal): void => {
    refusedCount++;
    if (refused.length < LISTED_REFUSALS) refused.push({ path, reason });
  };

  const visit = async (directory: FileHandle, prefix: string, depth: number, device: number): Promise<void> => {
    for await (const { name } of await openDirectory(directory)) {
      const path = `${prefix}${name}`;
      // A directory of a million entries is not read to its end: this bounds the time as well.
      if (++seen > 2 * bounds.maxFiles || files.length >= bounds.maxFiles) return refuse(path, "too-many");
      if (name.includes("\ufffd") || !workspacePath.safeParse(path).success) {
        refuse(path.slice(0, 256), "bad-name");
        continue;
      }
      const entry = await lstat(inside(directory, name)).catch(() => null);
      if (entry === null) refuse(path, "unreadable");
      else if (entry.isSymbolicLink()) refuse(path, "symlink");
      else if (entry.dev !== device) refuse(path, "other-device");
      else if (entry.isDirectory()) {
        const child =
          depth < bounds.maxDepth ? await open(inside(directory, name), DIRECTORY_FLAGS).catch(() => null) : undefined;
        if (child === undefined) refuse(path, "too-deep");
        else if (child === null) refuse(path, "unreadable");
        else {
          try {
            await visit(child, `${path}/`, depth + 1, device);
          } finally {
            await child.close();
          }
        }
      } else if (!entry.isFile()) refuse(path, "special-file");
      else if (entry.nlink !== 1) refuse(path, "hardlink");
      else if (totalBytes + entry.size > bounds.maxTotalBytes) refuse(path, "too-large");
      else {
        files.push({ path, bytes: entry.size });
        totalBytes += entry.size;
      }
    }
  };

  const root = await openRoot(workspace);
  if (root !== null) {
    try {
      await visit(root, "", 1, (await root.stat()).dev);
    } finally {
      await root.close();
    }
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const kept = withoutTwins(files, ({ path, bytes }) => {
    refuse(path, "twin-name");
    totalBytes -= bytes;
  });
  return { files: kept, refused, refusedCount, totalBytes };
}

/** How a file system without case, or one that composes accents, takes a name. Upper case first: ß is SS there. */
const folded = (path: string): string => path.normalize("NFC").toUpperCase().toLowerCase();

/** Of the files, in order, those that no earlier one would meet on such a file system: it is the client's, maybe. */
function withoutTwins(files: readonly OutputFile[], refuse: (file: OutputFile) => void): OutputFile[] {
  const names = new Map<string, "file" | "folder">();
  return files.filter((file) => {
    const parts = folded(file.path).split("/");
    const folders = parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).join("/"));
    if (names.has(parts.join("/")) || folders.some((folder) => names.get(folder) === "file")) {
      refuse(file);
      return false;
    }
    names.set(parts.join("/"), "file");
    for (const folder of folders) names.set(folder, "folder");
    return true;
  });
}

/** The bytes of one output, in pieces of up to 256 KiB. Every step of the path is opened without following links. */
export async function* readOutput(workspace: string, path: string): AsyncGenerator<Uint8Array> {
  if (!workspacePath.safeParse(path).success) {
    throw new CorepoolError("path-escape", {
      detail: "The output's path is not a plain relative path.",
      next: "Ask for a path that the listing of outputs shows.",
    });
  }
  const file = await openOutput(workspace, path.split("/"));
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(256 * 1024), 0, 256 * 1024, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

async function openOutput(workspace: string, parts: readonly string[]): Promise<FileHandle> {
  const changed = (): CorepoolError =>
    new CorepoolError("path-escape", {
      detail: `The output ${parts.join("/")} is not a plain file any more.`,
      next: "List the outputs again.",
    });
  let directory = await openRoot(workspace);
  if (directory === null) throw changed();
  const device = (await directory.stat()).dev;
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    const next: FileHandle | null = await open(inside(directory, part), last ? FILE_FLAGS : DIRECTORY_FLAGS).catch(
      () => null,
    );
    await directory.close();
    if (next === null) throw changed();
    directory = next;
  }
  const stat = await directory.stat();
  if (stat.isFile() && stat.nlink === 1 && stat.dev === device) return directory;
  await directory.close();
  throw changed();
}

/** The outputs directory, unless the workload put something else there or removed it. */
async function openRoot(workspace: string): Promise<FileHandle | null> {
  const base = await open(workspace, O_RDONLY | O_DIRECTORY);
  try {
    return await open(inside(base, "outputs"), DIRECTORY_FLAGS).catch(() => null);
  } finally {
    await base.close();
  }
}

const openDirectory = (directory: FileHandle): Promise<Dir> => opendir(`/proc/self/fd/${directory.fd}/`);
