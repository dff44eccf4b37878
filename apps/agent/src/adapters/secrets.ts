import { link, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Random } from "@corepool/core/ports/random";
import type { Signer } from "@corepool/core/ports/signer";
import { deriveProbeKey } from "@corepool/protocol/probe";
import { toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { KeyAgreement } from "../ports.ts";

const WORD = /^0x[0-9a-fA-F]{64}$/;

/** 32 bytes kept in a file, drawn and written (0600) when `create` is given and the file is missing. */
export async function secretFile(path: string, what: string, create: Random | undefined): Promise<Hex> {
  const found = await readFile(path, "utf8").catch((cause: unknown) => {
    if (create !== undefined && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new CorepoolError("setup-failed", {
      detail: `The file of ${what}, ${path}, cannot be read by this user.`,
      next: "Check its path, and that the agent's user may read it.",
      cause,
    });
  });
  if (found !== undefined) {
    if (WORD.test(found.trim())) return found.trim() as Hex;
    throw new CorepoolError("setup-failed", {
      detail: `The file of ${what}, ${path}, does not hold 0x and 64 hexadecimal digits.`,
      next: "Restore it from a copy.",
    });
  }
  const drawn = toHex(create?.bytes(32) ?? new Uint8Array(0));
  // Whole or not at all: an agent killed in between must not leave half a key. A link, unlike a rename, takes no other's
  // place.
  const unfinished = `${path}.new`;
  await rm(unfinished, { force: true });
  const file = await open(unfinished, "wx", 0o600);
  try {
    await file.writeFile(`${drawn}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(unfinished, path);
  await rm(unfinished);
  await syncFolder(dirname(path));
  return drawn;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The provider's key in memory: signs, and agrees probe keys. */
export function providerKey(privateKey: Hex): { readonly signer: Signer; readonly keys: KeyAgreement } {
  const account = privateKeyToAccount(privateKey);
  return {
    signer: {
      address: account.address,
      signTypedData: (data) => account.signTypedData(data as Parameters<typeof account.signTypedData>[0]),
      signMessage: (message) => account.signMessage({ message }),
    },
    keys: {
      publicKey: account.publicKey,
      probeKey: (leasePublicKey, lease) => deriveProbeKey(privateKey, leasePublicKey, lease),
    },
  };
}
