import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Hex } from "@corepool/core/hex";
import { bytesToHex, keccak256, recoverAddress } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";

type Bytes = Uint8Array | string;
interface Recoverable {
  readonly r: bigint;
  readonly s: bigint;
  recoverPublicKey(hash: Bytes): { toHex(compressed?: boolean): string };
}
/** What of noble's curve object the products of this house call. */
interface Curve {
  sign(hash: Bytes, privateKey: Bytes): { readonly r: bigint; readonly s: bigint; readonly recovery: number };
  getPublicKey(privateKey: Bytes, compressed?: boolean): Uint8Array;
  getSharedSecret(privateKey: Bytes, publicKey: Bytes, compressed?: boolean): Uint8Array;
  readonly Signature: { readonly prototype: Recoverable };
}

const hexOf = (bytes: Bytes): string => (typeof bytes === "string" ? bytes : bytesToHex(bytes).slice(2)).toLowerCase();
const digest = (...parts: readonly string[]): string => keccak256(`0x${parts.join("")}`).slice(2);
/** Half of the curve's order has 255 bits: what is this short is a low `s`. */
const SHORT = 2n ** 240n;

/** Keys and signatures that were made here. */
const publicKeys = new Map<string, string>();
const signers = new Map<string, string>();

function publicKeyOf(privateKey: string): string {
  const known = publicKeys.get(privateKey);
  if (known !== undefined) return known;
  const made = `04${digest("01", privateKey)}${digest("02", privateKey)}`;
  publicKeys.set(privateKey, made);
  return made;
}

function idealise(curve: Curve): void {
  curve.getPublicKey = (privateKey) => Buffer.from(publicKeyOf(hexOf(privateKey)), "hex");
  curve.getSharedSecret = (privateKey, publicKey) => {
    const ours = publicKeyOf(hexOf(privateKey));
    const theirs = hexOf(publicKey);
    return Buffer.from(`02${digest(...[ours, theirs].sort())}`, "hex");
  };
  curve.sign = (hash, privateKey) => {
    const key = publicKeyOf(hexOf(privateKey));
    const r = BigInt(`0x${digest("03", hexOf(hash), key)}`) % SHORT;
    const s = BigInt(`0x${digest("04", hexOf(hash), key)}`) % SHORT;
    signers.set(`${hexOf(hash)}:${r}:${s}`, key);
    return { r, s, recovery: 0 };
  };
  curve.Signature.prototype.recoverPublicKey = function recover(this: Recoverable, hash: Bytes) {
    const found = signers.get(`${hexOf(hash)}:${this.r}:${this.s}`);
    if (found === undefined) throw new Error("nobody made this signature over this hash");
    return { toHex: () => found };
  };
}

/** The copies of noble's curve that this house and viem load: each has its own module. */
async function curves(): Promise<readonly Curve[]> {
  const found: Curve[] = [];
  const own = createRequire(import.meta.url);
  const probe = createRequire(own.resolve("@corepool/protocol/probe"));
  for (const from of [probe, createRequire(own.resolve("viem"))]) {
    const common = from.resolve("@noble/curves/secp256k1");
    const esm = `${dirname(common)}/esm/secp256k1.js`;
    const url = pathToFileURL(existsSync(esm) ? esm : common).href;
    const { secp256k1 } = (await import(/* @vite-ignore */ url)) as { readonly secp256k1: Curve };
    found.push(secp256k1);
  }
  return found;
}

let ready: Promise<void> | undefined;

/**
 * Puts an ideal signature scheme in the place of secp256k1 for the rest of this process: the same calls and formats, a
 * signature is good exactly when the holder of the key made it over that hash, and nobody can make another's. The
 * simulation is about everything around signatures, and the curve would take nine tenths of its time; the curve itself
 * and the contract's own checks are tested elsewhere. Rejects when a copy of the curve was missed.
 */
export function idealSignatures(): Promise<void> {
  ready ??= (async () => {
    for (const curve of await curves()) idealise(curve);
    const privateKey: Hex = `0x${"11".repeat(32)}`;
    const hash: Hex = `0x${"22".repeat(32)}`;
    const { address, publicKey } = privateKeyToAccount(privateKey);
    const signature = await sign({ hash, privateKey, to: "hex" });
    const recovered = await recoverAddress({ hash, signature });
    const ideal = publicKey === `0x${publicKeyOf("11".repeat(32))}`;
    const { leaseKeyOf } = await import("@corepool/sdk/lease-key");
    if (!ideal || recovered !== address || leaseKeyOf(privateKey).publicKey !== publicKey) {
      throw new Error("the curve of the signatures could not be replaced");
    }
  })();
  return ready;
}
