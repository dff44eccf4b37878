import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Random } from "@corepool/core/ports/random";
import { bytesToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { readText, writePrivate } from "./files.ts";

/** The private key in a file; undefined when there is no file. Rejects with `bad-usage` when it holds none. */
export async function readKey(path: string): Promise<Hex | undefined> {
  const text = (await readText(path))?.trim();
  if (text === undefined) return undefined;
  const key = text.startsWith("0x") ? text : `0x${text}`;
  try {
    privateKeyToAccount(key as Hex);
  } catch (cause) {
    throw new CorepoolError("bad-usage", {
      detail: `${path} does not hold a private key.`,
      next: "It should hold 64 hexadecimal digits; restore it from your copy.",
      cause,
    });
  }
  return key as Hex;
}

/** The key in a file, made on first use; only its owner may read the file. */
export async function ensureKey(path: string, random: Random): Promise<Hex> {
  const known = await readKey(path);
  if (known !== undefined) return known;
  const fresh = bytesToHex(random.bytes(32));
  privateKeyToAccount(fresh);
  await writePrivate(path, `${fresh}\n`);
  return fresh;
}
