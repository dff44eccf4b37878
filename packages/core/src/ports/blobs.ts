import type { BlobHash } from "../hex.ts";

/**
 * Content-addressed bytes. What is read has been verified against its name; what does not match is never served. Any
 * call may reject with `blob-store-unavailable`, and one that stores bytes with `blob-store-full`.
 *
 * Unfinished uploads belong to an `owner`: 1 to 80 of the characters `0-9 a-z A-Z _ -` (an account, a machine). Uploads
 * of one blob by several owners never touch each other, and none of them can tell whether the blob is here already:
 * each hands over every byte, and whoever ends first publishes it.
 */
export interface Blobs {
  /** Size in bytes, or undefined when the blob is not there whole. */
  size(hash: BlobHash): Promise<number | undefined>;
  /** Streams the bytes [start, end) (default: all). Rejects with `blob-not-found` or `blob-corrupt`. */
  read(hash: BlobHash, range?: { readonly start: number; readonly end?: number }): Promise<ReadableStream<Uint8Array>>;
  /** How many bytes of the owner's unfinished upload are kept: where a resumed one goes on. 0 without one. */
  received(hash: BlobHash, owner: string): Promise<number>;
  /**
   * Appends bytes at `offset` of the owner's upload and, when it reaches `size`, verifies it and publishes the blob.
   * `complete` thus means that this owner handed over all bytes, also of a blob that was here before.
   * Rejects with `blob-offset-mismatch`, `blob-hash-mismatch` (the upload is discarded) or `blob-too-large`.
   */
  write(
    hash: BlobHash,
    part: {
      readonly owner: string;
      readonly offset: number;
      readonly size: number;
      readonly bytes: ReadableStream<Uint8Array>;
    },
  ): Promise<{ readonly complete: boolean; readonly received: number }>;
  /** Throws away what is kept of the owner's unfinished upload. */
  discard(hash: BlobHash, owner: string): Promise<void>;
  /**
   * The unfinished uploads of which something is kept, in no order; one that is being written, or that begins or ends
   * meanwhile, may be among them or not. May take long where there are many.
   */
  unfinished(): AsyncIterable<{ readonly hash: BlobHash; readonly owner: string }>;
  /** Removes the published blob; unfinished uploads stay. */
  remove(hash: BlobHash): Promise<void>;
}

const OWNER = /^[0-9A-Za-z_-]{1,80}$/;

/** The owner of an upload, which becomes a part of a path or key. Throws RangeError for what cannot be one. */
export function checkedOwner(owner: string): string {
  if (OWNER.test(owner)) return owner;
  throw new RangeError("an upload's owner is 1 to 80 letters, digits, _ or -");
}
