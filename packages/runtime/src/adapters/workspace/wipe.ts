import { chmod, lstat, opendir, rename, rmdir, unlink } from "node:fs/promises";

/**
 * Empties a workspace that a hostile workload left behind; the directory itself stays. No link is followed, modes do
 * not matter (the agent owns every file), and neither does depth: a directory's subdirectories are moved up before it
 * is removed, so that no path ever has more than three names below the workspace. Nothing may run in it meanwhile.
 */
export async function wipe(directory: string): Promise<void> {
  const root = Buffer.from(`${directory}/`);
  let moved = 0;
  const moveUp = async (path: Buffer): Promise<void> => {
    for (;;) {
      const target = Buffer.concat([root, Buffer.from(`.wiped-${moved++}`)]);
      if (!(await exists(target))) return rename(path, target);
    }
  };
  await chmod(root, 0o700);
  await forEachEntry(root, async (path) => {
    if (!(await isDirectory(path))) return unlink(path);
    await chmod(path, 0o700);
    await forEachEntry(Buffer.concat([path, Buffer.from("/")]), async (child) => {
      if (!(await isDirectory(child))) return unlink(child);
      // Moving a directory changes its "..", for which it must be writable.
      await chmod(child, 0o700);
      return moveUp(child);
    });
    return rmdir(path);
  });
}

/** Applies `remove` to the entries of a directory until it has none: removing while reading may skip some. */
async function forEachEntry(directory: Buffer, remove: (path: Buffer) => Promise<void>): Promise<void> {
  for (let names = await someNames(directory); names.length > 0; names = await someNames(directory)) {
    for (const name of names) await remove(Buffer.concat([directory, name]));
  }
}

/** At most a thousand names, as bytes: a name need not be text, and a directory can have millions. */
async function someNames(directory: Buffer): Promise<Buffer[]> {
  const names: Buffer[] = [];
  // Node gives names as Buffers for this encoding; its typings know it for readdir only, which reads everything.
  for await (const { name } of await opendir(directory, { encoding: "buffer" as BufferEncoding })) {
    names.push(Buffer.from(name as string | Uint8Array as Uint8Array));
    if (names.length === 1000) break;
  }
  return names;
}

const isDirectory = async (path: Buffer): Promise<boolean> => (await lstat(path)).isDirectory();
const exists = (path: Buffer): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
