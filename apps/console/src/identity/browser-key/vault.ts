import type { Address, Hex } from "@corepool/core/hex";
import { openStore } from "../../app/database.ts";

/**
 * A key in this browser, wrapped. Two ways, told apart to the person:
 * `prf`: the passkey itself derives the wrapping key (WebAuthn PRF extension). Whoever copies the browser's files has
 * nothing without the passkey.
 * `gate`: the authenticator cannot derive keys. The wrapping key lies beside the wrapped one as a CryptoKey that no page
 * can read out; this page asks for the passkey before it uses it. It keeps out who sits down at an open browser, not who
 * copies the whole profile of an unlocked device.
 */
export interface StoredKey {
  readonly address: Address;
  readonly method: "prf" | "gate";
  readonly credential: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly wrapped: Uint8Array<ArrayBuffer>;
  /** `gate` only: AES-GCM, not extractable. */
  readonly wrapping?: CryptoKey;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Whether the person has taken a copy elsewhere. */
  readonly backedUp: boolean;
}

const keys = openStore("corepool.keys", "keys", "address");

/** Every key in this browser, the newest first. */
export async function storedKeys(): Promise<readonly StoredKey[]> {
  const all = await keys.within<StoredKey[]>("readonly", (store) => store.getAll());
  return all.sort((a, b) => b.createdAt - a.createdAt);
}

/** Keeps a key, and asks the browser not to clear it when room gets short. Resolves with whether it has promised that. */
export async function keepKey(key: StoredKey): Promise<boolean> {
  // Old browsers do not know the question, and some reject it: neither is a promise.
  const lasting = (await navigator.storage?.persist?.().catch(() => false)) ?? false;
  await keys.within("readwrite", (store) => store.put(key));
  return lasting;
}

/** Forgets a key for good. */
export async function forgetKey(address: Address): Promise<void> {
  await keys.within("readwrite", (store) => store.delete(address));
}

const INFO = new TextEncoder().encode("corepool browser key v1");

/** The wrapping key of 32 secret bytes that a passkey derived (HKDF-SHA-256, AES-256-GCM). */
export async function wrappingKeyOf(secret: BufferSource, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: INFO },
    base,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

/** A wrapping key of the `gate` kind: no page can read it out. */
export function newWrappingKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

const bytesOf = (hex: Hex): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.slice(2).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hexOf = (bytes: Uint8Array): Hex => `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** Wraps a private key; its address is bound in, so that a wrapped key cannot pass for another account's. */
export async function wrap(
  key: CryptoKey,
  privateKey: Hex,
  address: Address,
): Promise<{ readonly iv: Uint8Array<ArrayBuffer>; readonly wrapped: Uint8Array<ArrayBuffer> }> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(address.toLowerCase());
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, bytesOf(privateKey));
  return { iv, wrapped: new Uint8Array(sealed) };
}

/** Unwraps it. Rejects when the key is another or a byte was changed. */
export async function unwrap(key: CryptoKey, stored: Pick<StoredKey, "iv" | "wrapped" | "address">): Promise<Hex> {
  const additionalData = new TextEncoder().encode(stored.address.toLowerCase());
  return hexOf(
    new Uint8Array(
      await crypto.subtle.decrypt({ name: "AES-GCM", iv: stored.iv, additionalData }, key, stored.wrapped),
    ),
  );
}
