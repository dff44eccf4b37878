/** A 0x-prefixed lower- or mixed-case hexadecimal string. */
export type Hex = `0x${string}`;
/** A 20-byte account address. */
export type Address = Hex;
/** The SHA-256 name of a blob: `sha256:` and 64 lower-case hexadecimal digits. */
export type BlobHash = `sha256:${string}`;

const BLOB_HASH = /^sha256:[0-9a-f]{64}$/;

/** Whether a string is a well-formed blob name. */
export function isBlobHash(value: string): value is BlobHash {
  return BLOB_HASH.test(value);
}

/** Addresses compare without regard to the case of their checksum. */
export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Bytes as lower-case hexadecimal digits, without prefix. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
