import type { BlobHash } from "../hex.ts";

/** Content-addressed bytes. What is read has been verified against its name; what does not match is never served. */
export interface Blobs {
  /** Size in bytes, or undefined when the blob is not there whole. */
  size(hash: BlobHash): Promise<number | undefined>;
  /** Streams the bytes [start, end) (default: all). Rejects with `blob-not-found` or `blob-corrupt`. */
  read(hash: BlobHash, range?: { readonly start: number; readonly end?: number }): Promise<ReadableStream<Uint8Array>>;
  /** How many bytes of an unfinished upload are kept: where a resumed one goes on. */
  received(hash: BlobHash): Promise<number>;
  /**
   * Appends bytes at `offset` of an upload and, when it reaches `size`, verifies and publishes the blob.
   * Rejects with `blob-offset-mismatch`, `blob-hash-mismatch` (the upload is discarded) or `blob-too-large`.
   */
  write(
    hash: BlobHash,
    part: { readonly offset: number; readonly size: number; readonly bytes: ReadableStream<Uint8Array> },
  ): Promise<{ readonly complete: boolean; readonly received: number }>;
  remove(hash: BlobHash): Promise<void>;
}
