import type { Hex } from "@corepool/core/hex";
import { scryptAsync } from "@noble/hashes/scrypt";
import { bytesToHex, concat, hexToBytes, keccak256, type Hex as ViemHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { z } from "zod";

/**
 * Ethereum's keystore, version 3 (Web3 Secret Storage), which every common wallet imports: a file that is worth nothing
 * without its passphrase. Written with PBKDF2-HMAC-SHA-256 at 600,000 rounds (OWASP 2023), read with that or scrypt.
 */
const ROUNDS = 600_000;
/** What a file may ask of this machine before it is refused: 1 GiB, or ten million rounds. */
const MOST_SCRYPT = 2 ** 20;
const MOST_ROUNDS = 10_000_000;

/** Why a keystore file was not read. */
export class KeystoreError extends Error {
  readonly reason: "not-a-keystore" | "wrong-passphrase";

  constructor(reason: "not-a-keystore" | "wrong-passphrase") {
    super(reason);
    this.name = "KeystoreError";
    this.reason = reason;
  }
}

const bare = z.string().regex(/^([0-9a-f]{2})+$/i);
const keystoreFile = z.object({
  version: z.literal(3),
  crypto: z.object({
    cipher: z.literal("aes-128-ctr"),
    cipherparams: z.object({ iv: bare }),
    ciphertext: bare,
    mac: bare,
    kdf: z.enum(["pbkdf2", "scrypt"]),
    kdfparams: z.object({
      dklen: z.literal(32),
      salt: bare,
      c: z.int().min(1).max(MOST_ROUNDS).optional(),
      prf: z.literal("hmac-sha256").optional(),
      n: z.int().min(2).max(MOST_SCRYPT).optional(),
      r: z.int().min(1).max(32).optional(),
      p: z.int().min(1).max(16).optional(),
    }),
  }),
});

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(hexToBytes(`0x${text}`));
const text = (value: Uint8Array): string => bytesToHex(value).slice(2);

async function pbkdf2(
  passphrase: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const base = await crypto.subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, [
    "deriveBits",
  ]);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, base, 256),
  );
}

async function aesCtr(
  key: Uint8Array<ArrayBuffer>,
  counter: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key.slice(0, 16), "AES-CTR", false, ["encrypt"]);
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter, length: 128 }, imported, data));
}

const macOf = (key: Uint8Array, cipher: Uint8Array): string => keccak256(concat([key.slice(16, 32), cipher])).slice(2);

/** A private key as a keystore file. */
export async function writeKeystore(privateKey: Hex, passphrase: string, rounds = ROUNDS): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(32));
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const key = await pbkdf2(passphrase, salt, rounds);
  const cipher = await aesCtr(key, iv, bytes(privateKey.slice(2)));
  return JSON.stringify(
    {
      version: 3,
      id: crypto.randomUUID(),
      address: privateKeyToAccount(privateKey).address.slice(2).toLowerCase(),
      crypto: {
        cipher: "aes-128-ctr",
        cipherparams: { iv: text(iv) },
        ciphertext: text(cipher),
        kdf: "pbkdf2",
        kdfparams: { c: rounds, dklen: 32, prf: "hmac-sha256", salt: text(salt) },
        mac: macOf(key, cipher),
      },
    },
    null,
    2,
  );
}

/** The private key of a keystore file. Rejects for a file that is none, one that asks too much, and a wrong passphrase. */
export async function readKeystore(file: string, passphrase: string): Promise<Hex> {
  let document: unknown;
  try {
    document = JSON.parse(file);
  } catch {
    throw new KeystoreError("not-a-keystore");
  }
  // Some wallets write `Crypto`.
  if (document !== null && typeof document === "object" && "Crypto" in document)
    document = { ...document, crypto: document.Crypto };
  const parsed = keystoreFile.safeParse(document);
  if (!parsed.success) throw new KeystoreError("not-a-keystore");
  const { kdf, kdfparams, cipherparams, ciphertext, mac } = parsed.data.crypto;
  const salt = bytes(kdfparams.salt);
  let key: Uint8Array<ArrayBuffer>;
  if (kdf === "pbkdf2" && kdfparams.c !== undefined) key = await pbkdf2(passphrase, salt, kdfparams.c);
  else if (kdf === "scrypt" && kdfparams.n !== undefined && kdfparams.r !== undefined && kdfparams.p !== undefined)
    key = new Uint8Array(
      await scryptAsync(new TextEncoder().encode(passphrase), salt, {
        N: kdfparams.n,
        r: kdfparams.r,
        p: kdfparams.p,
        dkLen: 32,
        maxmem: 2 ** 30 + 2 ** 20,
      }),
    );
  else throw new KeystoreError("not-a-keystore");
  const cipher = bytes(ciphertext);
  if (macOf(key, cipher) !== mac.toLowerCase()) throw new KeystoreError("wrong-passphrase");
  const privateKey = bytesToHex(await aesCtr(key, bytes(cipherparams.iv), cipher)) as ViemHex;
  return privateKey;
}

/** What a person pasted or chose as a key: 64 hexadecimal digits, with or without 0x. */
export function privateKeyOf(pasted: string): Hex | undefined {
  const digits = pasted.trim().replace(/^0x/i, "");
  if (!/^[0-9a-f]{64}$/i.test(digits)) return undefined;
  const key = `0x${digits.toLowerCase()}` as Hex;
  try {
    privateKeyToAccount(key);
    return key;
  } catch {
    // Zero, or beyond the curve's order.
    return undefined;
  }
}
