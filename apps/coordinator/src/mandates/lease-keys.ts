import type { Address, Hex } from "@corepool/core/hex";
import type { TypedData } from "@corepool/core/ports/signer";
import { digestOf } from "@corepool/protocol/eip712";
import { deriveProbeKey } from "@corepool/protocol/probe";
import { hkdf } from "@noble/hashes/hkdf";
import { sha256 } from "@noble/hashes/sha2";
import { bytesToHex, hexToBytes, stringToBytes } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";

/** The key of one lease, in the hands of the coordinator. */
export interface HeldKey {
  readonly address: Address;
  /** Uncompressed. */
  readonly publicKey: Hex;
  sign(data: TypedData): Promise<Hex>;
  /** The key with which the lease's sandbox answers probes. */
  probeKey(providerPublicKey: Hex, lease: Hex): Uint8Array;
}

/** Keys of leases under a mandate. */
export interface LeaseKeys {
  /** The key of a workload's lease: always the same one, so none is ever stored. */
  of(workload: string, lease: Hex): HeldKey;
}

/** Derives every lease's key from the operator's own: whoever has the database alone has none of them. */
export function createLeaseKeys(operatorKey: Hex): LeaseKeys {
  return {
    of(workload, lease) {
      const info = stringToBytes(`${workload}:${lease}`);
      // Outside the curve's order with a chance of 2^-128; the account's constructor would refuse it.
      const privateKey = bytesToHex(
        hkdf(sha256, hexToBytes(operatorKey), stringToBytes("corepool-lease-key-v1"), info, 32),
      );
      const { address, publicKey } = privateKeyToAccount(privateKey);
      return {
        address,
        publicKey,
        sign: (data) => sign({ hash: digestOf(data), privateKey, to: "hex" }),
        probeKey: (provider, id) => deriveProbeKey(privateKey, provider, id),
      };
    },
  };
}
