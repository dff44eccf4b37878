import { type FileHandle, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import { type BlobHash, isBlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import { corrupt, notFound, notSent, storeFull, streamOf, tooLarge } from "../answers.ts";
import { CHUNK_BYTES, describe, digestOfChunk, readDigest, readExactly, sidecarFits } from "./sidecar.ts";
import { hexOf, openIfThere, sizeOf, syncDirectory, systemCode, type UploadName, Uploads } from "./uploads.ts";

export interface FileBlobsOptions {
  /** Folder of the store; made when missing. */
  readonly dir: string;
  /** Largest blob accepted, bytes. */
  readonly maxBlobBytes: number;
}

type Part = Parameters<Blobs["write"]>[1];

/**
 * Blobs as files: `blobs/<2 hex>/<hex>` with a sidecar of chunk digests beside it, `uploads/` for unfinished ones,
 * `quarantine/` for damaged ones. A blob appears by one rename after its bytes are on disk and verified, and every chunk
 * is verified again when it is read. Several processes may share a folder.
 */
export async function openFileBlobs(options: FileBlobsOptions): Promise<Blobs> {
  const uploads = new Uploads(join(options.dir, "uploads"));
  for (const folder of ["blobs", "uploads", "quarantine"]) {
    await mkdir(join(options.dir, folder), { recursive: true, mode: 0o700 });
  }
  await uploads.adopt();
  return new FileBlobs(options, uploads);
}

class FileBlobs implements Blobs {
  readonly #options: FileBlobsOptions;
  readonly #uploads: Uploads;
  /** Appends in this process wait for each other, upload by upload, so that they go on where the other stopped. */
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(options: FileBlobsOptions, uploads: Uploads) {
    this.#options = options;
    this.#uploads = uploads;
  }

  async size(hash: BlobHash): Promise<number | undefined> {
    const path = this.#path(hash);
    const size = await sizeOf(path);
    if (size === undefined || (await sidecarFits(`${path}.chunks`, size))) return size;
    return this.#mendOrQuarantine(hash).then(
      () => size,
      (error: unknown) => {
        if (codeOf(error) === "blob-corrupt") return undefined;
        throw error;
      },
    );
  }

  async received(hash: BlobHash, owner: string): Promise<number> {
    return this.#uploads.received({ hash: checked(hash), owner });
  }

  async read(
    hash: BlobHash,
    range: { readonly start: number; readonly end?: number } = { start: 0 },
  ): Promise<ReadableStream<Uint8Array>> {
    if (!Number.isSafeInteger(range.start) || range.start < 0) throw new RangeError(`no such range: ${range.start}`);
    const path = this.#path(hash);
    const known = await sizeOf(path);
    if (known !== undefined && !(await sidecarFits(`${path}.chunks`, known))) await this.#mendOrQuarantine(hash);
    const file = await openIfThere(path);
    if (file === undefined) throw notFound(hash);
    const { size } = await file.stat().catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    const end = Math.min(range.end ?? size, size);
    let at = Math.min(range.start, size);
    const verified = async (start: number): Promise<Buffer | undefined> => {
      const index = Math.floor(start / CHUNK_BYTES);
      const bytes = await readExactly(file, start, Math.min(CHUNK_BYTES, size - start));
      const digest = await readDigest(`${path}.chunks`, index);
      return bytes !== undefined && digest !== undefined && digestOfChunk(bytes).equals(digest) ? bytes : undefined;
    };
    const next = async (): Promise<Uint8Array | undefined> => {
      if (at >= end) return undefined;
      const start = at - (at % CHUNK_BYTES);
      let bytes = await verified(start);
      if (bytes === undefined) {
        await this.#mendOrQuarantine(hash);
        bytes = await verified(start);
      }
      if (bytes === undefined) throw corrupt(hash);
      const slice = bytes.subarray(at - start, Math.min(bytes.length, end - start));
      at += slice.length;
      return slice;
    };
    return streamOf(next, () => file.close());
  }

  async write(hash: BlobHash, part: Part): Promise<{ readonly complete: boolean; readonly received: number }> {
    const name = { hash: checked(hash), owner: part.owner };
    if (!Number.isSafeInteger(part.size) || part.size < 0 || part.size > this.#options.maxBlobBytes) {
      await part.bytes.cancel();
      throw tooLarge(`${hash} would be ${part.size} bytes, more than the ${this.#options.maxBlobBytes} allowed here.`);
    }
    if (part.offset === 0) return this.#append(name, part);
    const key = `${hash} ${part.owner}`;
    const before = this.#writing.get(key) ?? Promise.resolve();
    const turn = before.then(() => this.#append(name, part));
    const settled = turn.catch(() => undefined);
    this.#writing.set(key, settled);
    try {
      return await turn;
    } finally {
      if (this.#writing.get(key) === settled) this.#writing.delete(key);
    }
  }

  async discard(hash: BlobHash, owner: string): Promise<void> {
    await this.#uploads.discard({ hash: checked(hash), owner });
  }

  unfinished(): AsyncIterable<UploadName> {
    return this.#uploads.kept();
  }

  async remove(hash: BlobHash): Promise<void> {
    await rm(this.#path(hash), { force: true });
    await rm(`${this.#path(hash)}.chunks`, { force: true });
  }

  async #append(name: UploadName, part: Part): Promise<{ readonly complete: boolean; readonly received: number }> {
    let path: string | undefined;
    let file: FileHandle;
    try {
      path = await this.#uploads.take(name, part.offset);
      file = await open(path, "r+");
    } catch (error) {
      await part.bytes.cancel();
      if (path !== undefined) await this.#uploads.giveBack(name, path);
      throw full(error);
    }
    let at = part.offset;
    try {
      for await (const bytes of part.bytes) {
        if (at + bytes.length > part.size) {
          await this.#uploads.discard(name, path);
          throw tooLarge(`The upload of ${name.hash} goes beyond the ${part.size} bytes it said it would have.`);
        }
        await writeAll(file, bytes, at);
        at += bytes.length;
      }
      await file.sync();
    } catch (error) {
      // What arrived before the stream broke is kept; only synced bytes count as received.
      await this.#keepSynced(name, path, file);
      throw full(error);
    } finally {
      await file.close();
    }
    if (at < part.size) return { complete: false, received: await this.#uploads.giveBack(name, path) };
    try {
      await this.#publish(name, path);
    } catch (error) {
      // All bytes are there and sound: with room on the disk, an empty write at the end publishes them.
      await this.#uploads.giveBack(name, path);
      throw full(error);
    }
    return { complete: true, received: part.size };
  }

  /** A disk that cannot even sync promises nothing: then the bytes are dropped, and the room they take is given back. */
  async #keepSynced(name: UploadName, path: string, file: FileHandle): Promise<void> {
    await file.sync().then(
      () => this.#uploads.giveBack(name, path),
      () => this.#uploads.discard(name, path),
    );
  }

  /** Verifies what lies on disk and gives it its name. The sidecar goes first: a blob that is there has one. */
  async #publish(name: UploadName, path: string): Promise<void> {
    const { hash } = name;
    const found = await describe(path);
    if (found.hash !== hash) {
      await this.#uploads.discard(name, path);
      throw notSent(hash, found.hash);
    }
    const target = this.#path(hash);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await this.#writeSidecar(target, found.sidecar, path);
    await rename(path, target);
    this.#uploads.done(path);
    await syncDirectory(dirname(target));
    await this.#uploads.discard(name);
  }

  /** `near`: a name of our own, so that two writers never share a temporary file. */
  async #writeSidecar(target: string, sidecar: Buffer, near: string): Promise<void> {
    const temporary = `${near}.chunks`;
    try {
      await writeFile(temporary, sidecar, { flush: true });
      await rename(temporary, `${target}.chunks`);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(dirname(target));
  }

  /** A chunk and its digest disagree. The name decides: a sound blob gets a new sidecar, a damaged one is set aside. */
  async #mendOrQuarantine(hash: BlobHash): Promise<void> {
    const path = this.#path(hash);
    // Only a disk that cannot read these bytes speaks against them; too many open files, say, does not.
    const found = await describe(path).catch((error: unknown) => {
      if (["EIO", "ENOENT", "EUCLEAN"].includes(systemCode(error) ?? "")) return undefined;
      throw error;
    });
    if (found?.hash === hash) {
      await this.#writeSidecar(path, found.sidecar, this.#uploads.privateName({ hash, owner: "mend" })).catch(
        (error: unknown) => {
          throw full(error);
        },
      );
      return;
    }
    await rename(path, join(this.#options.dir, "quarantine", hexOf(hash))).catch(() => undefined);
    await rm(`${path}.chunks`, { force: true });
    throw corrupt(hash);
  }

  #path(hash: BlobHash): string {
    const hex = hexOf(checked(hash));
    return join(this.#options.dir, "blobs", hex.slice(0, 2), hex);
  }
}

/** The system's ways to say that nothing more fits, as our own; any other error as it is. */
function full(error: unknown): unknown {
  return ["ENOSPC", "EDQUOT"].includes(systemCode(error) ?? "") ? storeFull(error) : error;
}

/** Names become paths, so a malformed one is refused before it does. */
function checked(hash: BlobHash): BlobHash {
  if (isBlobHash(hash)) return hash;
  throw notFound(hash);
}

/** A write may take fewer bytes than it was given. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
