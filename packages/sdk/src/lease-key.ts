import type { Hex } from "@corepool/core/hex";
import type { Random } from "@corepool/core/ports/random";
import { secp256k1 } from "@noble/curves/secp256k1";
import { bytesToHex } from "viem";
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
