import type { Clock } from "./ports/clock.ts";
import type { Random } from "./ports/random.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Prefixes of the ids that the API shows. */
export type IdPrefix = "wkl" | "att" | "ofr" | "mch" | "key" | "evt" | "rcp" | "mdt" | "req" | "fct" | "led";

/**
 * A sortable, lower-case id: prefix, ten characters of time (ms, Crockford base 32, as in ULID) and sixteen random ones.
 */
export function newId(prefix: IdPrefix, clock: Clock, random: Random): string {
  let time = clock.now();
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = ALPHABET.charAt(time % 32) + text;
    time = Math.floor(time / 32);
  }
  for (const byte of random.bytes(16)) text += ALPHABET.charAt(byte & 31);
  return `${prefix}_${text}`;
}
