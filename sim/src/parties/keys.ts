import type { KeyAgreement } from "@corepool/agent/ports";
import type { Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { digestOf } from "@corepool/protocol/eip712";
import { deriveProbeKey } from "@corepool/protocol/probe";
import { keccak256, stringToHex } from "viem";
import { privateKeyToAccount, sign } from "viem/accounts";

/** An account of the world, with its key. */
export interface Party extends Signer {
  readonly privateKey: Hex;
  readonly publicKey: Hex;
  readonly agreement: KeyAgreement;
}

const known = new Map<string, Party>();

/** The account of that name; the same one in every world. */
export function partyOf(name: string): Party {
  const found = known.get(name);
  if (found !== undefined) return found;
  const privateKey = keccak256(stringToHex(`corepool-sim-${name}`));
  const { address, publicKey } = privateKeyToAccount(privateKey);
  const party: Party = {
    address,
    privateKey,
    publicKey,
    signTypedData: (data) => sign({ hash: digestOf(data), privateKey, to: "hex" }),
    signMessage: () => Promise.reject(new Error("nobody signs messages here")),
    agreement: { publicKey, probeKey: (lease, id) => deriveProbeKey(privateKey, lease, id) },
  };
  known.set(name, party);
  return party;
}
