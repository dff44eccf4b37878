import { type FileHandle, open, opendir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BlobHash } from "@corepool/core/hex";
import { checkedOwner } from "@corepool/core/ports/blobs";
import { offsetMismatch } from "../answers.ts";

/** Private names given out by this process, and those of them still in use. */
let taken = 0;
const inUse = new Set<string>();

/** One owner's upload of one blob. */
export interface UploadName {
  readonly hash: BlobHash;
  readonly owner: string;
}

const TAKEN = /^([0-9a-f]{64})\.([0-9A-Za-z_-]{1,80})\.(\d+)-\d+(\.chunks)?$/;
const KEPT = /^([0-9a-f]{64})\.([0-9A-Za-z_-]{1,80})\.part$/;
/** Uploads of before they had an owner: nobody may go on with them. */
const OWNERLESS = /^[0-9a-f]{64}\.(part|\d+-\d+(\.chunks)?)$/;

/**
 * Unfinished uploads. A kept one is `<hex>.<owner>.part`; whoever appends first takes it by renaming it to a private
 * name `<hex>.<owner>.<pid>-<n>` and gives it back when he stops, so that two writers, also of different processes,
 * never touch the same file. What a process that died left under a private name is given back when the store is opened.
 */
export class Uploads {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Gives back what dead processes had taken. */
  async adopt(): Promise<void> {
    for (const name of await readdir(this.#dir)) {
      const path = join(this.#dir, name);
      if (OWNERLESS.test(name)) await rm(path, { force: true });
      const match = TAKEN.exec(name);
      if (match?.[1] === undefined || match[2] === undefined) continue;
      if (inUse.has(path) || isAlive(Number(match[3]))) continue;
      if (match[4] === undefined) await this.giveBack({ hash: `sha256:${match[1]}`, owner: match[2] }, path);
      else await rm(path, { force: true });
    }
  }

  /** Those that are kept and nobody has taken. */
  async *kept(): AsyncGenerator<UploadName> {
    for await (const { name } of await opendir(this.#dir)) {
      const match = KEPT.exec(name);
      if (match?.[1] !== undefined && match[2] !== undefined) yield { hash: `sha256:${match[1]}`, owner: match[2] };
    }
  }

  /** Bytes kept of an unfinished upload. */
  async received(name: UploadName): Promise<number> {
    return (await sizeOf(this.#part(name))) ?? 0;
  }

  /**
   * A private file to append to, holding exactly `offset` bytes. An upload at 0 starts anew.
   * @throws CorepoolError `blob-offset-mismatch` with `received` in its data
   */
  async take(name: UploadName, offset: number): Promise<string> {
    const path = this.privateName(name);
    inUse.add(path);
    if (offset === 0) {
      try {
        await (await open(path, "w")).close();
      } catch (error) {
        inUse.delete(path);
        throw error;
      }
      return path;
    }
    const found = await rename(this.#part(name), path).then(
      () => true,
      () => false,
    );
    let received = 0;
    try {
      if (found) received = (await sizeOf(path)) ?? 0;
      if (found && received === offset) return path;
    } catch (error) {
      await this.giveBack(name, path);
      throw error;
    }
    await this.giveBack(name, path);
    throw offsetMismatch(name.hash, received, offset);
  }

  /** A name that no other writer uses; what stays under it is cleared when the store is opened again. */
  privateName(name: UploadName): string {
    return join(this.#dir, `${this.#stem(name)}.${process.pid}-${taken++}`);
  }

  /** Keeps a private file for a later writer, unless a longer one is kept already. Returns the bytes kept. */
  async giveBack(name: UploadName, path: string): Promise<number> {
    inUse.delete(path);
    const ours = (await sizeOf(path)) ?? 0;
    const kept = await this.received(name);
    if (ours > kept) await rename(path, this.#part(name));
    else await rm(path, { force: true });
    return Math.max(ours, kept);
  }

  /** Throws away a private file, or, without one, what is kept of an upload. */
  async discard(name: UploadName, path = this.#part(name)): Promise<void> {
    inUse.delete(path);
    await rm(path, { force: true });
  }

  /** A private file has become something else by a rename. */
  done(path: string): void {
    inUse.delete(path);
  }

  #stem({ hash, owner }: UploadName): string {
    return `${hexOf(hash)}.${checkedOwner(owner)}`;
  }

  #part(name: UploadName): string {
    return join(this.#dir, `${this.#stem(name)}.part`);
  }
}

export const hexOf = (hash: BlobHash): string => hash.slice("sha256:".length);

/** A file's size, or undefined when it is not there. */
export async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      if (systemCode(error) === "ENOENT") return undefined;
      throw error;
    },
  );
}

/** Opens a file for reading, or undefined when it is not there. Other failures (too many open files) are failures. */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, "r").catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
}

/** The code of a system error (`ENOENT`, `ENOSPC`, …), if it is one. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
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
    return systemCode(error) === "EPERM";
  }
}
