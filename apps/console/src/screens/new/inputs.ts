import { toHex } from "@corepool/core/hex";
import type { JobSpec, JobSpecInput } from "@corepool/protocol/spec";
import { type BlobSource, blobOf } from "@corepool/sdk/blobs";
import { sha256 } from "@noble/hashes/sha2";

/** A file that goes along: where it will lie, and its bytes. */
export interface InputFile {
  readonly path: string;
  readonly executable: boolean;
  readonly blob: BlobSource;
  /** Whether the coordinator has it from an earlier workload: its bytes are not here, and are not sent. */
  readonly kept?: true;
}

/** Small pieces, so that hashing a large file never holds the page up. */
const PIECE_BYTES = 2 ** 19;
/** Up to here the browser hashes at once, off the page's own thread. */
const AT_ONCE_BYTES = 2 ** 26;

async function hashOf(file: Blob, told: (done: number) => void): Promise<string> {
  if (file.size <= AT_ONCE_BYTES)
    return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer())));
  const digest = sha256.create();
  for (let at = 0; at < file.size; at += PIECE_BYTES) {
    digest.update(new Uint8Array(await file.slice(at, at + PIECE_BYTES).arrayBuffer()));
    told(Math.min(at + PIECE_BYTES, file.size));
  }
  return toHex(digest.digest());
}

/** Names a file by its contents; `told` gets the bytes that are hashed so far. Nothing is sent yet. */
export async function inputOf(file: File, told: (done: number) => void = () => undefined): Promise<InputFile> {
  const hash = `sha256:${await hashOf(file, told)}` as const;
  return {
    path: file.name,
    executable: false,
    blob: {
      hash,
      sizeBytes: file.size,
      read: async (start, end) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
    },
  };
}

/** An input of bytes in memory. */
export function inputOfBytes(path: string, bytes: Uint8Array): InputFile {
  return { path, executable: false, blob: blobOf(bytes) };
}

/** Inputs of an earlier workload: they are named as they were. */
export function keptInputs(inputs: JobSpec["inputs"]): readonly InputFile[] {
  const read = () => Promise.reject(new Error("The bytes of this file are not here."));
  return inputs.map(({ path, executable, hash, sizeBytes }) => ({
    path,
    executable,
    blob: { hash, sizeBytes, read },
    kept: true,
  }));
}

/** What has to be sent of the files. */
export function uploadsOf(files: readonly InputFile[]): readonly BlobSource[] {
  return files.filter(({ kept }) => kept !== true).map(({ blob }) => blob);
}

/** Files as a specification names them. */
export function specInputs(files: readonly InputFile[]): NonNullable<JobSpecInput["inputs"]> {
  return files.map(({ path, executable, blob }) => ({ path, hash: blob.hash, sizeBytes: blob.sizeBytes, executable }));
}
