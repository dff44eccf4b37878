import type { Hex } from "@corepool/core/hex";
import type { Random } from "@corepool/core/ports/random";
import { PROBE_CONTEXT, PROBE_KEY_INFO } from "@corepool/protocol/probe";
import { secp256k1 } from "@noble/curves/secp256k1";
import { hkdf } from "@noble/hashes/hkdf";
import { hmac } from "@noble/hashes/hmac";
import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex, concatBytes, hexToBytes, stringToBytes } from "viem";
import { privateKeyToAccount } from "viem/accounts";

/** A key made for one lease: it signs payment notes and agrees the probe key; it can move nothing else. */
export interface LeaseKey {
  readonly privateKey: Hex;
  readonly address: Hex;
  /** Uncompressed, 65 bytes. */
  readonly publicKey: Hex;
}

/** The lease key of a private key, e.g. one that a detached watch kept on disk. */
export function leaseKeyOf(privateKey: Hex): LeaseKey {
  const account = privateKeyToAccount(privateKey);
  return { privateKey, address: account.address, publicKey: account.publicKey };
}

/** A fresh lease key. */
export function newLeaseKey(random: Random): LeaseKey {
  for (;;) {
    const candidate = random.bytes(32);
    if (secp256k1.utils.isValidPrivateKey(candidate)) return leaseKeyOf(bytesToHex(candidate));
  }
}

/**
 * The key with which the sandbox's init answers probes of one lease (32 bytes): HKDF-SHA256 over the x-coordinate that
 * lease key and provider key agree on. The coordinator knows neither private key, so it cannot answer for the sandbox.
 */
export function probeKeyOf(key: LeaseKey, providerPublicKey: Hex, lease: Hex): Uint8Array {
  const shared = secp256k1.getSharedSecret(hexToBytes(key.privateKey), hexToBytes(providerPublicKey), true);
  return hkdf(sha256, shared.subarray(1), hexToBytes(lease), stringToBytes(PROBE_KEY_INFO), 32);
}

/** What a right answer to a probe is. */
export function probeAnswerOf(probeKey: Uint8Array, nonce: Hex): Hex {
  return bytesToHex(hmac(sha256, probeKey, concatBytes([stringToBytes(PROBE_CONTEXT), hexToBytes(nonce)])));
}
