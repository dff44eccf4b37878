import { createHash } from "node:crypto";

/** One stored part: an object that is written once, under a key of its own, and never again. */
export interface Part {
  readonly key: string;
  readonly length: number;
  /** SHA-256 of each of its chunks of CHUNK_BYTES, hexadecimal. */
  readonly chunks: readonly string[];
}

/** What a manifest (of a published blob) or an upload record (of an unfinished one) says: which parts, in their order. */
export interface Parts {
  readonly parts: readonly Part[];
}

export const lengthOf = ({ parts }: Parts): number => parts.reduce((sum, { length }) => sum + length, 0);

/** JSON with the digest of itself in front: a flipped bit makes the whole record unreadable instead of wrong. */
export function encodeRecord(record: Parts): Uint8Array {
  const text = JSON.stringify({ parts: record.parts });
  return Buffer.from(`${digestOf(text)}\n${text}`);
}

/** Undefined when the bytes are not a record as it was written. */
export function decodeRecord(bytes: Uint8Array | undefined): Parts | undefined {
  const text = bytes === undefined ? "" : Buffer.from(bytes).toString("utf8");
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  // What bears its own digest was written by encodeRecord, so it has the shape.
  return end > 0 && text.slice(0, end) === digestOf(body) ? (JSON.parse(body) as Parts) : undefined;
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");
