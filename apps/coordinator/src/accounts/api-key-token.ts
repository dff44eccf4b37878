import { crc32 } from "node:zlib";
import { toHex } from "@corepool/core/hex";
import type { Random } from "@corepool/core/ports/random";

/**
 * An API key is `corepool_live_<id>_<secret>_<crc>`: the prefix lets secret scanners find it, the checksum lets them and
 * us tell a key from a string that looks like one, the secret has 256 bits.
 */
const TOKEN = /^corepool_live_([0-9a-z]{26})_([0-9a-f]{64})_([0-9a-f]{8})$/;

const checksum = (text: string) => crc32(text).toString(16).padStart(8, "0");

/** Makes the key of an id (`key_…`). */
export function makeApiKeyToken(id: string, random: Random): string {
  const text = `corepool_live_${id.slice("key_".length)}_${toHex(random.bytes(32))}`;
  return `${text}_${checksum(text)}`;
}

/** The id inside a key, undefined when it is none or was mistyped. */
export function idOfApiKeyToken(token: string): string | undefined {
  const match = TOKEN.exec(token);
  if (match === null || checksum(token.slice(0, token.lastIndexOf("_"))) !== match[3]) return undefined;
  return `key_${match[1] ?? ""}`;
}
