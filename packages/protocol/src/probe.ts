import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import { secp256k1 } from "@noble/curves/secp256k1";
import { hkdf } from "@noble/hashes/hkdf";
import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { concatBytes, hexToBytes, stringToBytes } from "viem";

/** What init signs when a nonce comes through: HMAC-SHA256(key, PROBE_CONTEXT || nonce). */
export const PROBE_CONTEXT = "corepool-probe-v1";
/** HKDF-SHA256 info for the probe key; input: the ECDH x-coordinate of lease key and provider key, salt: the lease id. */
export const PROBE_KEY_INFO = "corepool-probe-key-v1";

/**
 * The key with which the sandbox's init answers the probes of one lease, 32 bytes: HKDF-SHA256 over the x-coordinate
 * that lease key and provider key agree on (ECDH on secp256k1). Each side gives its own private and the other's public
 * key; the coordinator knows neither private key, so it cannot answer for a sandbox.
 *
 * @param privateKey 32 bytes: the provider's on the agent's side, the lease key on the watch's
 * @param publicKey the other side's, uncompressed (65 bytes) or compressed (33)
 * @param lease the lease's id, 32 bytes
 * @throws CorepoolError `bad-signature` when a key is not one
 */
export function deriveProbeKey(privateKey: Hex, publicKey: Hex, lease: Hex): Uint8Array {
  let shared: Uint8Array;
  try {
    shared = secp256k1.getSharedSecret(hexToBytes(privateKey), hexToBytes(publicKey), true);
  } catch (cause) {
    throw new CorepoolError("bad-signature", {
      detail: "The public key for the probes is not a point of secp256k1, so no probe key can be agreed.",
      next: "Send the uncompressed public key of the lease key.",
      cause,
    });
  }
  return hkdf(sha256, shared.subarray(1), hexToBytes(lease), stringToBytes(PROBE_KEY_INFO), 32);
}

/** What a right answer to a probe is. @param nonce 32 bytes */
export function probeAnswer(key: Uint8Array, nonce: Uint8Array): Uint8Array {
  return hmac(sha256, key, concatBytes([stringToBytes(PROBE_CONTEXT), nonce]));
}
