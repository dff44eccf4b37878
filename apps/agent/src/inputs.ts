import { chmod, copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import { hashFile } from "@corepool/storage/hash-file";
import type { BlobTransfer, InputStore, WantedInput } from "./ports.ts";
import { persist } from "./retry.ts";

export interface InputFilesOptions {
  /** Folder of the cache; made when missing. */
  readonly dir: string;
  /** Files that nobody holds are removed, oldest use first, while the cache is larger than this. Bytes. */
  readonly maxBytes: number;
  readonly blobs: BlobTransfer;
  readonly clock: Clock;
}

/**
 * Inputs by hash, shared by the workloads of this machine: `<hex>` read-only, `<hex>.x` executable too. Every file is
 * verified when it arrives and again whenever it is handed out, so that what a disk lost is fetched again.
 */
export async function openInputFiles(options: InputFilesOptions): Promise<InputStore> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const cache = new InputFiles(options);
  await cache.load();
  return cache;
}

class InputFiles implements InputStore {
  readonly #options: InputFilesOptions;
  /** Name to size, least recently used first. */
  readonly #files = new Map<string, number>();
  readonly #holders = new Map<string, Set<string>>();
  /** Work on one name is done once, whoever waits for it. */
  readonly #arriving = new Map<string, Promise<unknown>>();

  constructor(options: InputFilesOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const found: { name: string; size: number; used: number }[] = [];
    for (const name of await readdir(this.#options.dir)) {
      if (!/^[0-9a-f]{64}(\.x)?$/.test(name)) continue;
      const { size, mtimeMs } = await stat(this.#path(name));
      found.push({ name, size, used: mtimeMs });
    }
    for (const { name, size } of found.sort((a, b) => a.used - b.used)) this.#files.set(name, size);
  }

  async hold(holder: string, input: WantedInput, signal: AbortSignal): Promise<string> {
    const name = `${input.hash.slice("sha256:".length)}${input.executable ? ".x" : ""}`;
    const held = this.#holders.get(holder) ?? new Set();
    this.#holders.set(holder, held.add(name));
    for (;;) {
      const before = this.#arriving.get(name);
      if (before === undefined) break;
      await before;
    }
    const work = this.#provide(name, input, signal);
    this.#arriving.set(
      name,
      work.then(
        () => this.#arriving.delete(name),
        () => this.#arriving.delete(name),
      ),
    );
    await work;
    await this.#evict();
    return this.#path(name);
  }

  async release(holder: string): Promise<void> {
    this.#holders.delete(holder);
    await this.#evict();
  }

  async #provide(name: string, input: WantedInput, signal: AbortSignal): Promise<void> {
    if (this.#files.has(name)) {
      const found = await hashFile(this.#path(name)).catch(() => undefined);
      this.#files.delete(name);
      if (found?.hash === input.hash && found.sizeBytes === input.sizeBytes) {
        this.#files.set(name, found.sizeBytes);
        return;
      }
      await rm(this.#path(name), { force: true });
    }
    const plain = name.replace(/\.x$/, "");
    const part = this.#path(`${name}.part`);
    if (plain !== name && this.#files.has(plain)) await copyFile(this.#path(plain), part);
    const resumed = await stat(part).then(
      ({ size }) => size > 0,
      () => false,
    );
    try {
      await this.#download(input, part, signal);
    } catch (error) {
      // What an earlier try left may have been torn by a crash; it is gone now, so this one starts anew.
      if (!resumed || codeOf(error) !== "blob-hash-mismatch") throw error;
      await this.#download(input, part, signal);
    }
    await chmod(part, input.executable ? 0o555 : 0o444);
    await rename(part, this.#path(name));
    this.#files.set(name, input.sizeBytes);
  }

  /** Fills `part` with exactly the input's bytes, and goes on where an earlier try stopped. */
  async #download(input: WantedInput, part: string, signal: AbortSignal): Promise<void> {
    const { blobs, clock } = this.#options;
    await persist(clock, signal, async () => {
      const file = await open(part, "a");
      try {
        let at = (await file.stat()).size;
        if (at > input.sizeBytes) throw wrongBytes(input.hash, "is longer than announced");
        if (at < input.sizeBytes) {
          for await (const bytes of await blobs.download(input.hash, at, signal)) {
            at += bytes.length;
            if (at > input.sizeBytes) throw wrongBytes(input.hash, "is longer than announced");
            await file.appendFile(bytes);
          }
        }
        await file.sync();
        if (at < input.sizeBytes) throw wrongBytes(input.hash, "is shorter than announced");
      } catch (error) {
        if (codeOf(error) === "blob-hash-mismatch") await rm(part, { force: true });
        throw error;
      } finally {
        await file.close();
      }
    });
    const found = await hashFile(part);
    if (found.hash === input.hash) return;
    await rm(part, { force: true });
    throw wrongBytes(input.hash, `came as ${found.hash}`);
  }

  async #evict(): Promise<void> {
    const held = new Set([...this.#holders.values()].flatMap((names) => [...names]));
    let total = [...this.#files.values()].reduce((sum, size) => sum + size, 0);
    for (const [name, size] of [...this.#files]) {
      if (total <= this.#options.maxBytes) return;
      if (held.has(name)) continue;
      this.#files.delete(name);
      await rm(this.#path(name), { force: true });
      total -= size;
    }
  }

  #path(name: string): string {
    return join(this.#options.dir, name);
  }
}

function wrongBytes(hash: BlobHash, what: string): CorepoolError {
  return new CorepoolError("blob-hash-mismatch", {
    detail: `The input ${hash} ${what}; it was thrown away.`,
    next: "Upload the input again and submit the workload anew.",
  });
}
