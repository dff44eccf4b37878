import type { Hex } from "@corepool/core/hex";
import type { Signer } from "@corepool/core/ports/signer";
import { privateKeyToAccount } from "viem/accounts";

// A module of its own: curves are a third of what a page would load for a clock and a fetch.

/** A signer for a private key in memory. */
export function keySigner(privateKey: Hex): Signer {
  const account = privateKeyToAccount(privateKey);
  return {
    address: account.address,
    signTypedData: (data) => account.signTypedData(data as Parameters<typeof account.signTypedData>[0]),
    signMessage: (message) => account.signMessage({ message }),
  };
}
