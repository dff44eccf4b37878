import { type Address, type Hex, sameAddress } from "@corepool/core/hex";
import { keySigner } from "@corepool/sdk/adapters/key";
import { systemRandom } from "@corepool/sdk/adapters/system";
import { http } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { keyError } from "../failure.ts";
import type { Identity, KeyHome } from "../port.ts";
import { askPasskey, makePasskey } from "./passkey.ts";
import { keepKey, newWrappingKey, type StoredKey, storedKeys, unwrap, wrap, wrappingKeyOf } from "./vault.ts";

/** The home of a key that lies open in this page's memory, for as long as the page stands. */
function homeOf(privateKey: Hex): KeyHome {
  return {
    signer: keySigner(privateKey),
    chainAccess: async (rpcUrl) => {
      if (rpcUrl === null) throw keyError("no-rpc", "The market names no RPC endpoint for its clients.");
      return { account: privateKeyToAccount(privateKey), transport: http(rpcUrl) };
    },
    onGone: () => () => undefined,
  };
}

async function seal(privateKey: Hex, mayGate: () => Promise<boolean>): Promise<StoredKey> {
  const { address } = privateKeyToAccount(privateKey);
  const salt = new Uint8Array(systemRandom.bytes(32));
  const { credential, secret } = await makePasskey(`Corepool ${address.slice(0, 6)}…${address.slice(-4)}`, salt);
  const common = { address, credential, salt, createdAt: Date.now(), backedUp: false } as const;
  if (secret !== undefined)
    return { ...common, method: "prf", ...(await wrap(await wrappingKeyOf(secret, salt), privateKey, address)) };
  if (!(await mayGate())) throw new DOMException("The weaker lock was declined.", "NotAllowedError");
  const wrapping = await newWrappingKey();
  return { ...common, method: "gate", wrapping, ...(await wrap(wrapping, privateKey, address)) };
}

/**
 * Makes a key, or takes one over, wraps it behind a new passkey and keeps it in this browser. `mayGate` is asked when the
 * passkey cannot lock the key itself (`StoredKey`); when it says no, nothing is kept. `lasting`: whether the browser has
 * promised not to clear it.
 */
export async function createKey(
  mayGate: () => Promise<boolean>,
  privateKey: Hex = generatePrivateKey(),
): Promise<{ readonly home: KeyHome; readonly lasting: boolean }> {
  const lasting = await keepKey(await seal(privateKey, mayGate));
  return { home: homeOf(privateKey), lasting };
}

/** The private key itself, after the passkey was given. Rejects when it was declined or does not fit. */
export async function reveal(stored: StoredKey): Promise<Hex> {
  const { secret } = await askPasskey(stored.credential, stored.salt);
  if (stored.method === "gate" && stored.wrapping !== undefined) return unwrap(stored.wrapping, stored);
  if (secret === undefined) throw keyError("wrong-passkey", "The passkey derived nothing.");
  return unwrap(await wrappingKeyOf(secret, stored.salt), stored);
}

/** Opens a key of this browser. */
export async function openKey(stored: StoredKey): Promise<KeyHome> {
  return homeOf(await reveal(stored));
}

/** The key of an address in this browser. */
export async function storedKeyOf(address: Address): Promise<StoredKey> {
  const stored = (await storedKeys()).find((each) => sameAddress(each.address, address));
  if (stored === undefined) throw keyError("no-key", `No key of ${address} is kept here.`);
  return stored;
}

/** Opens the key of whoever this tab is signed in as. */
export async function reopen(who: Identity): Promise<KeyHome> {
  return openKey(await storedKeyOf(who.address));
}
