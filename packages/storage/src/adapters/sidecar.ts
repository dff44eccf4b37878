import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { BlobHash } from "@corepool/core/hex";
import { openIfThere } from "./uploads.ts";

/**
 * The sidecar of a blob: SHA-256 of each of its chunks, written when the blob is published, so that a range can be
 * verified without reading the whole. Layout: 8 bytes of magic, the size (u64, little endian), 32 bytes per chunk.
 * A sidecar is a cache: where it disagrees with its blob, the blob's own name decides.
 */
export const CHUNK_BYTES = 2 ** 20;
const MAGIC = Buffer.from("CPCHUNK1");
const HEADER_BYTES = 16;
const DIGEST_BYTES = 32;

/** Reads exactly the bytes [position, position + length), or undefined when the file is shorter. */
export async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return bytes;
}

export function digestOfChunk(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

/** Reads a whole file once: the name of its content, and the sidecar that belongs to it. */
export async function describe(path: string): Promise<{ readonly hash: BlobHash; readonly sidecar: Buffer }> {
  const whole = createHash("sha256");
  const digests: Buffer[] = [];
  let size = 0;
  const file = await open(path, "r");
  try {
    const { size: expected } = await file.stat();
    while (size < expected) {
      const bytes = await readExactly(file, size, Math.min(CHUNK_BYTES, expected - size));
      if (bytes === undefined) break;
      whole.update(bytes);
      digests.push(digestOfChunk(bytes));
      size += bytes.length;
    }
  } finally {
    await file.close();
  }
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeBigUInt64LE(BigInt(size), 8);
  return { hash: `sha256:${whole.digest("hex")}`, sidecar: Buffer.concat([header, ...digests]) };
}

/** Whether there is a sidecar that can belong to a blob of this size. */
export async function sidecarFits(path: string, blobSize: number): Promise<boolean> {
  const file = await openIfThere(path);
  if (file === undefined) return false;
  try {
    const header = await readExactly(file, 0, HEADER_BYTES);
    const { size } = await file.stat();
    if (header === undefined || !header.subarray(0, MAGIC.length).equals(MAGIC)) return false;
    if (header.readBigUInt64LE(8) !== BigInt(blobSize)) return false;
    return size === HEADER_BYTES + Math.ceil(blobSize / CHUNK_BYTES) * DIGEST_BYTES;
  } finally {
    await file.close();
  }
}

/** The digest that a sidecar gives for one chunk, or undefined when it is gone or too short. */
export async function readDigest(path: string, index: number): Promise<Buffer | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    return await readExactly(file, HEADER_BYTES + index * DIGEST_BYTES, DIGEST_BYTES);
  } finally {
    await file.close();
  }
}
