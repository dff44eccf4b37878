import { createHash, type Hash, randomBytes } from "node:crypto";
import { codeOf } from "@corepool/core/errors";
import { type BlobHash, isBlobHash } from "@corepool/core/hex";
import { type Blobs, checkedOwner } from "@corepool/core/ports/blobs";
import { corrupt, notFound, notSent, offsetMismatch, streamOf, tooLarge } from "../answers.ts";
import { S3Objects, type S3Place } from "./s3-objects.ts";
import { decodeRecord, encodeRecord, lengthOf, type Part, type Parts } from "./s3-records.ts";
import { CHUNK_BYTES, digestOfChunk } from "./sidecar.ts";

export interface S3BlobsOptions extends S3Place {
  /** Largest blob accepted, bytes. */
  readonly maxBlobBytes: number;
}

/** Size of a part, bytes: a whole number of chunks. Every part of a blob but its last is as long. */
const PART_BYTES = 8 * CHUNK_BYTES;

const STORE_TROUBLE: ReadonlySet<string> = new Set(["blob-store-full", "blob-store-unavailable"]);

type Upload = Parameters<Blobs["write"]>[1];

/** One owner's upload of one blob. */
interface UploadName {
  readonly hash: BlobHash;
  readonly owner: string;
}

/**
 * Blobs in an S3-compatible store. Bytes lie in parts, `parts/<hex>/<random>`, each written once and never again; an
 * unfinished upload is a record of its parts, `uploads/<hex>/<owner>`; a blob appears when one object, its manifest
 * `blobs/<hex>`, is written, which happens only after the bytes matched the name. A store shows an object whole or not
 * at all, so nothing is ever half published, and publishing moves no bytes. Every chunk is verified when it is read; a
 * damaged blob's manifest goes to `quarantine/<hex>`. Needs GET with ranges, PUT, DELETE and ListObjectsV2, nothing else.
 * Several processes may share a bucket.
 */
export class S3Blobs implements Blobs {
  readonly #objects: S3Objects;
  readonly #maxBlobBytes: number;
  /** Appends in this process wait for each other, upload by upload, so that they go on where the other stopped. */
  readonly #writing = new Map<string, Promise<unknown>>();

  constructor(options: S3BlobsOptions) {
    this.#objects = new S3Objects(options);
    this.#maxBlobBytes = options.maxBlobBytes;
  }

  /** Why the store cannot be used now; undefined when it can. */
  trouble(timeoutMs: number): Promise<string | undefined> {
    return this.#objects.trouble(timeoutMs);
  }

  async size(hash: BlobHash): Promise<number | undefined> {
    const manifest = await this.#manifest(hash).catch((error: unknown) => {
      if (codeOf(error) === "blob-corrupt") return undefined;
      throw error;
    });
    return manifest === undefined ? undefined : lengthOf(manifest);
  }

  async received(hash: BlobHash, owner: string): Promise<number> {
    return lengthOf(await keptOf(this.#objects, { hash, owner }));
  }

  async read(
    hash: BlobHash,
    range: { readonly start: number; readonly end?: number } = { start: 0 },
  ): Promise<ReadableStream<Uint8Array>> {
    if (!Number.isSafeInteger(range.start) || range.start < 0) throw new RangeError(`no such range: ${range.start}`);
    const manifest = await this.#manifest(hash);
    if (manifest === undefined) throw notFound(hash);
    const size = lengthOf(manifest);
    const end = Math.min(range.end ?? size, size);
    let at = Math.min(range.start, size);
    const next = async (): Promise<Uint8Array | undefined> => {
      if (at >= end) return undefined;
      const start = at - (at % CHUNK_BYTES);
      const bytes = await this.#chunk(manifest, start);
      if (bytes === undefined) {
        await this.#setAside(hash, manifest);
        throw corrupt(hash);
      }
      const slice = bytes.subarray(at - start, Math.min(bytes.length, end - start));
      at += slice.length;
      return slice;
    };
    return streamOf(next, () => Promise.resolve());
  }

  async write(hash: BlobHash, part: Upload): Promise<{ readonly complete: boolean; readonly received: number }> {
    if (!Number.isSafeInteger(part.size) || part.size < 0 || part.size > this.#maxBlobBytes) {
      await part.bytes.cancel();
      throw tooLarge(`${hash} would be ${part.size} bytes, more than the ${this.#maxBlobBytes} allowed here.`);
    }
    const name = { hash, owner: part.owner };
    if (part.offset === 0) return this.#append(name, part);
    const key = recordKey(name);
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
    const name = { hash, owner };
    const kept = await keptOf(this.#objects, name);
    await this.#objects.remove(recordKey(name));
    for (const { key } of kept.parts) await this.#objects.remove(key);
  }

  async *unfinished(): AsyncGenerator<UploadName> {
    for await (const key of this.#objects.list("uploads/")) {
      const match = RECORD.exec(key);
      if (match?.[1] !== undefined && match[2] !== undefined) yield { hash: `sha256:${match[1]}`, owner: match[2] };
    }
  }

  async remove(hash: BlobHash): Promise<void> {
    const manifest = decodeRecord(await this.#objects.get(manifestKey(hash)));
    await this.#objects.remove(manifestKey(hash));
    for (const { key } of manifest?.parts ?? []) await this.#objects.remove(key);
  }

  /** The manifest of a published blob. Rejects with `blob-corrupt` when it is there but not as it was written. */
  async #manifest(hash: BlobHash): Promise<Parts | undefined> {
    const bytes = await this.#objects.get(manifestKey(hash));
    if (bytes === undefined) return undefined;
    const manifest = decodeRecord(bytes);
    if (manifest !== undefined) return manifest;
    await this.#objects.put(`quarantine/${hexOf(hash)}`, bytes);
    await this.#objects.remove(manifestKey(hash));
    throw corrupt(hash);
  }

  /** The verified chunk that begins at `start`, or undefined when the store no longer has it as it was. */
  async #chunk(manifest: Parts, start: number): Promise<Buffer | undefined> {
    const part = manifest.parts[Math.floor(start / PART_BYTES)];
    const from = start % PART_BYTES;
    const digest = part?.chunks[from / CHUNK_BYTES];
    if (part === undefined || digest === undefined) return undefined;
    const range = { start: from, end: Math.min(from + CHUNK_BYTES, part.length) };
    // Once more when it does not match: the bytes may have changed on the way and not in the store.
    for (let look = 0; look < 2; look++) {
      const bytes = await this.#objects.get(part.key, range);
      if (bytes !== undefined && digestOfChunk(bytes).toString("hex") === digest) return bytes;
    }
    return undefined;
  }

  async #setAside(hash: BlobHash, manifest: Parts): Promise<void> {
    await this.#objects.put(`quarantine/${hexOf(hash)}`, encodeRecord(manifest));
    await this.#objects.remove(manifestKey(hash));
  }

  async #append(name: UploadName, upload: Upload): Promise<{ readonly complete: boolean; readonly received: number }> {
    const { hash } = name;
    let append: Appending;
    try {
      append = await this.#resume(name, upload.offset);
    } catch (error) {
      await upload.bytes.cancel();
      throw error;
    }
    let at = upload.offset;
    try {
      for await (const bytes of upload.bytes) {
        at += bytes.length;
        if (at > upload.size) {
          await append.discard();
          throw tooLarge(`The upload of ${hash} goes beyond the ${upload.size} bytes it said it would have.`);
        }
        await append.add(bytes);
      }
      await append.flush();
    } catch (error) {
      // What arrived before the client's stream broke is kept. A store in trouble is not asked for more.
      if (!STORE_TROUBLE.has(codeOf(error) ?? "")) await append.keep().catch(() => undefined);
      throw error;
    }
    if (at < upload.size) return { complete: false, received: await append.keep() };
    const found = await append.hash();
    if (found !== hash) {
      await append.discard();
      throw notSent(hash, found);
    }
    // What is published stays; the parts of this upload are then not needed.
    if ((await this.size(hash)) === undefined) {
      if (!(await append.isThere())) throw offsetMismatch(hash, 0, upload.offset);
      await this.#objects.put(manifestKey(hash), encodeRecord(append.stored));
      await append.forgetRecord();
    } else await append.discard();
    return { complete: true, received: upload.size };
  }

  /** Everything that an append needs from the store. @throws CorepoolError `blob-offset-mismatch` */
  async #resume(name: UploadName, offset: number): Promise<Appending> {
    recordKey(name);
    const kept = offset === 0 ? { parts: [] } : await keptOf(this.#objects, name);
    if (lengthOf(kept) !== offset) throw offsetMismatch(name.hash, lengthOf(kept), offset);
    return Appending.open(this.#objects, name, kept);
  }
}

/** One writer of an upload: collects bytes into parts, stores them, and keeps the record of what lies in the store. */
class Appending {
  readonly #objects: S3Objects;
  readonly #name: UploadName;
  /** Runs over all bytes of this upload when it began at 0; otherwise the earlier parts are read again at the end. */
  readonly #running: Hash | undefined;
  readonly #own: string[] = [];
  #parts: readonly Part[];
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** The short last part that was taken back; it goes once what holds its bytes is recorded. */
  #replaced: string | undefined;
  #discarded = false;

  private constructor(objects: S3Objects, name: UploadName, parts: readonly Part[], fromStart: boolean) {
    this.#objects = objects;
    this.#name = name;
    this.#parts = parts;
    this.#running = fromStart ? createHash("sha256") : undefined;
  }

  /** Goes on after the parts kept. A last one that is not full is taken back, so that all but the last always are. */
  static async open(objects: S3Objects, name: UploadName, kept: Parts): Promise<Appending> {
    const last = kept.parts.at(-1);
    if (last === undefined || last.length === PART_BYTES) {
      return new Appending(objects, name, kept.parts, last === undefined);
    }
    const bytes = await objects.get(last.key, { start: 0, end: last.length });
    if (bytes === undefined || !sameChunks(chunksOf(bytes), last.chunks)) {
      // Its bytes are gone or damaged: the upload goes on before it.
      const before = { parts: kept.parts.slice(0, -1) };
      await objects.put(recordKey(name), encodeRecord(before));
      throw offsetMismatch(name.hash, lengthOf(before), lengthOf(kept));
    }
    const appending = new Appending(objects, name, kept.parts.slice(0, -1), false);
    appending.#replaced = last.key;
    appending.#pending = [bytes];
    appending.#pendingBytes = bytes.length;
    return appending;
  }

  get stored(): Parts {
    return { parts: this.#parts };
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.#running?.update(bytes);
    for (let from = 0; from < bytes.length; ) {
      // A copy: whoever made the stream may use its buffer again.
      const piece = Uint8Array.from(bytes.subarray(from, from + PART_BYTES - this.#pendingBytes));
      this.#pending.push(piece);
      this.#pendingBytes += piece.length;
      from += piece.length;
      if (this.#pendingBytes === PART_BYTES) {
        await this.flush();
        await this.keep();
      }
    }
  }

  /** Stores what has been collected, as a part. */
  async flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const bytes = Buffer.concat(this.#pending);
    const key = `parts/${hexOf(this.#name.hash)}/${randomBytes(12).toString("hex")}`;
    this.#own.push(key);
    await this.#objects.put(key, bytes);
    this.#parts = [...this.#parts, { key, length: bytes.length, chunks: chunksOf(bytes) }];
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  /**
   * Stores what has been collected and records it, unless another upload has come further. Returns the bytes kept. Parts
   * that only another writer knows are never removed: he may be about to publish them.
   */
  async keep(): Promise<number> {
    if (this.#discarded) return 0;
    await this.flush();
    const kept = await keptOf(this.#objects, this.#name);
    const [ours, theirs] = [lengthOf(this.stored), lengthOf(kept)];
    if (ours <= theirs) return theirs;
    await this.#objects.put(recordKey(this.#name), encodeRecord(this.stored));
    if (this.#replaced !== undefined) await this.#objects.remove(this.#replaced);
    this.#replaced = undefined;
    return ours;
  }

  /** Whether the store still has every part: a record that is no longer ours may have been discarded with its parts. */
  async isThere(): Promise<boolean> {
    const recorded = new Set((await keptOf(this.#objects, this.#name)).parts.map(({ key }) => key));
    const loose = this.#parts.slice(0, -1).filter(({ key }) => !recorded.has(key));
    for (const { key } of loose) if ((await this.#objects.get(key, { start: 0, end: 1 })) === undefined) return false;
    return true;
  }

  /** The upload has become a blob: its record is no longer needed. */
  async forgetRecord(): Promise<void> {
    await this.#objects.remove(recordKey(this.#name));
    if (this.#replaced !== undefined) await this.#objects.remove(this.#replaced);
  }

  /** The name of everything stored. */
  async hash(): Promise<BlobHash> {
    if (this.#running !== undefined) return `sha256:${this.#running.digest("hex")}`;
    const whole = createHash("sha256");
    for (const { key, length } of this.#parts) {
      const bytes = await this.#objects.get(key, { start: 0, end: length });
      if (bytes !== undefined) whole.update(bytes);
    }
    return `sha256:${whole.digest("hex")}`;
  }

  /** Throws away what this upload stored, and the record it went on from. */
  async discard(): Promise<void> {
    this.#discarded = true;
    const kept = await keptOf(this.#objects, this.#name);
    const taken = this.#replaced === undefined ? [] : [this.#replaced];
    const ours = new Set([...this.#own, ...this.#parts.map(({ key }) => key), ...taken]);
    if (kept.parts.some(({ key }) => ours.has(key))) await this.#objects.remove(recordKey(this.#name));
    for (const key of ours) await this.#objects.remove(key);
  }
}

function chunksOf(bytes: Uint8Array): string[] {
  const chunks: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    chunks.push(digestOfChunk(bytes.subarray(at, at + CHUNK_BYTES)).toString("hex"));
  }
  return chunks;
}

const sameChunks = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((digest, i) => digest === b[i]);

/** Names become keys, so a malformed one is refused before it does. */
function hexOf(hash: BlobHash): string {
  if (!isBlobHash(hash)) throw notFound(hash);
  return hash.slice("sha256:".length);
}
const manifestKey = (hash: BlobHash) => `blobs/${hexOf(hash)}`;
const RECORD = /^uploads\/([0-9a-f]{64})\/([0-9A-Za-z_-]{1,80})$/;
const recordKey = ({ hash, owner }: UploadName) => `uploads/${hexOf(hash)}/${checkedOwner(owner)}`;

/** What is kept of an unfinished upload. A record that was damaged keeps nothing. */
async function keptOf(objects: S3Objects, name: UploadName): Promise<Parts> {
  return decodeRecord(await objects.get(recordKey(name))) ?? { parts: [] };
}
