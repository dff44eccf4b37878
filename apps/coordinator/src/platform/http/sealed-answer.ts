import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Random } from "@corepool/core/ports/random";
import { z } from "zod";

/** An answer as it is kept for repeats of its request. */
export interface StoredAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

const SALT = 32;
const TAG = 16;
const answerSchema = z.strictObject({ status: z.int(), contentType: z.string().nullable(), body: z.string() });

/** Key and nonce of one answer. The salt is fresh every time, so the pair is never used twice. */
function keys(
  key: string,
  credential: string,
  salt: Uint8Array,
): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  const material = new Uint8Array(
    hkdfSync("sha256", `${key}\0${credential}`, salt, "corepool idempotent answer v1", 44),
  );
  return { key: material.subarray(0, 32), nonce: material.subarray(32) };
}

/**
 * Encrypts an answer under what only its caller has: the Idempotency-Key and the bearer token, of which the database
 * holds hashes. An answer may hold a secret that is shown once (a new API key); a copy of the database must not.
 */
export function sealAnswer(answer: StoredAnswer, key: string, credential: string, random: Random): Uint8Array {
  const salt = random.bytes(SALT);
  const secret = keys(key, credential, salt);
  const cipher = createCipheriv("aes-256-gcm", secret.key, secret.nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer), "utf8"), cipher.final()]);
  return Buffer.concat([salt, cipher.getAuthTag(), text]);
}

/** Decrypts an answer; undefined when key or credential are others. */
export function openAnswer(sealed: Uint8Array, key: string, credential: string): StoredAnswer | undefined {
  const secret = keys(key, credential, sealed.subarray(0, SALT));
  const decipher = createDecipheriv("aes-256-gcm", secret.key, secret.nonce);
  decipher.setAuthTag(sealed.subarray(SALT, SALT + TAG));
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(SALT + TAG)), decipher.final()]).toString("utf8");
    return answerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
