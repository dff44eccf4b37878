import { createHash } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { CorepoolError } from "@corepool/core/errors";
import type { Hex } from "@corepool/core/hex";
import type { Genesis } from "./genesis.ts";

const MAGIC = "corepool-chain-1";

/** What a saved chain says about itself; it stands before the compressed state in one file. */
export interface SavedChain {
  readonly chainId: number;
  /** A block of it: its head, or a few below. */
  readonly number: number;
  readonly hash: Hex;
  /** Undefined in files of earlier versions. */
  readonly genesis: Genesis | undefined;
}

/** Writes a chain so that a crash leaves the old file or the new one: temporary file, fsync, rename, fsync of the folder. */
export async function writeState(path: string, saved: SavedChain, compressed: Buffer): Promise<void> {
  const sha256 = createHash("sha256").update(compressed).digest("hex");
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(`${MAGIC} ${JSON.stringify({ ...saved, sha256 })}\n`);
    await file.writeFile(compressed);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Reads a saved chain; undefined when there is none. Rejects with `wrong-chain` for another chain's file and with
 * `setup-failed` for a damaged one: a market must not silently begin anew.
 */
export async function readState(
  path: string,
  chainId: number,
): Promise<{ readonly saved: SavedChain; readonly state: Buffer } | undefined> {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf("\n");
  const saved = end < 0 ? undefined : parse(bytes.subarray(0, end).toString("utf8"));
  const compressed = bytes.subarray(end + 1);
  if (saved === undefined || createHash("sha256").update(compressed).digest("hex") !== saved.sha256)
    throw damaged(path);
  if (saved.chainId !== chainId) {
    throw new CorepoolError("wrong-chain", {
      detail: `The saved chain in ${path} has id ${saved.chainId}, not ${chainId}.`,
      next: "Start with the chain id it was made with, or begin a new local market with corepool reset.",
      data: { found: saved.chainId, expected: chainId },
    });
  }
  const state = await promisify(gunzip)(compressed).catch(() => {
    throw damaged(path);
  });
  const { number, hash, genesis } = saved;
  return { saved: { chainId: saved.chainId, number, hash, genesis }, state };
}

function parse(line: string): (SavedChain & { readonly sha256: string }) | undefined {
  if (!line.startsWith(`${MAGIC} `)) return undefined;
  try {
    const value = JSON.parse(line.slice(MAGIC.length + 1)) as Partial<SavedChain & { readonly sha256: string }>;
    const { chainId, number, hash, sha256 } = value;
    const { hash: first, timestamp } = value.genesis ?? {};
    const genesis = typeof first === "string" && typeof timestamp === "number" ? { hash: first, timestamp } : undefined;
    return typeof chainId === "number" &&
      typeof number === "number" &&
      typeof hash === "string" &&
      typeof sha256 === "string"
      ? { chainId, number, hash, genesis, sha256 }
      : undefined;
  } catch {
    return undefined;
  }
}

function damaged(path: string): CorepoolError {
  return new CorepoolError("setup-failed", {
    detail: `The saved chain in ${path} is damaged.`,
    next: "Put back a copy of the file, or begin a new local market with corepool reset (this deletes the old one).",
  });
}
