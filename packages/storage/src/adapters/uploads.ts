import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";

/** Private names given out by this process, and those of them still in use. */
let taken = 0;
const inUse = new Set<string>();

/**
 * Unfinished uploads. A kept one is `<hex>.part`; whoever appends first takes it by renaming it to a private name
 * `<hex>.<pid>-<n>` and gives it back when he stops, so that two writers, also of different processes, never touch the
 * same file. What a process that died left under a private name is given back when the store is opened.
 */
export class Uploads {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Gives back what dead processes had taken. */
  async adopt(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      const match = /^([0-9a-f]{64})\.(\d+)-\d+(\.chunks)?$/.exec(name);
      const path = join(this.#dir, name);
      if (match?.[1] === undefined || inUse.has(path) || isAlive(Number(match[2]))) continue;
      if (match[3] === undefined) await this.giveBack(`sha256:${match[1]}`, path);
      else await rm(path, { force: true });
    }
  }

  /** Bytes kept of an unfinished upload. */
  async received(hash: BlobHash): Promise<number> {
    return (await sizeOf(this.#part(hash))) ?? 0;
  }

  /**
   * A private file to append to, holding exactly `offset` bytes. An upload at 0 starts anew.
   * @throws CorepoolError `blob-offset-mismatch` with `received` in its data
   */
  async take(hash: BlobHash, offset: number): Promise<string> {
    const path = join(this.#dir, `${hexOf(hash)}.${process.pid}-${taken++}`);
    inUse.add(path);
    if (offset === 0) {
      await (await open(path, "w")).close();
      return path;
    }
    const found = await rename(this.#part(hash), path).then(
      () => true,
      () => false,
    );
    const received = found ? ((await sizeOf(path)) ?? 0) : 0;
    if (found && received === offset) return path;
    await this.giveBack(hash, path);
    throw new CorepoolError("blob-offset-mismatch", {
      detail: `The upload of ${hash} stopped at byte ${received}, not at ${offset}.`,
      next: `Go on at byte ${received}.`,
      data: { received },
    });
  }

  /** Keeps a private file for a later writer, unless a longer one is kept already. Returns the bytes kept. */
  async giveBack(hash: BlobHash, path: string): Promise<number> {
    inUse.delete(path);
    const ours = (await sizeOf(path)) ?? 0;
    const kept = await this.received(hash);
    if (ours > kept) await rename(path, this.#part(hash));
    else await rm(path, { force: true });
    return Math.max(ours, kept);
  }

  /** Throws away a private file, or, without one, what is kept of an upload. */
  async discard(hash: BlobHash, path = this.#part(hash)): Promise<void> {
    inUse.delete(path);
    await rm(path, { force: true });
  }

  /** A private file has become something else by a rename. */
  done(path: string): void {
    inUse.delete(path);
  }

  #part(hash: BlobHash): string {
    return join(this.#dir, `${hexOf(hash)}.part`);
  }
}

export const hexOf = (hash: BlobHash): string => hash.slice("sha256:".length);

/** A file's size, or undefined when it is not there. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    },
  );
}

/** A directory's entries are durable once it is synced, whatever the files' own state. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
