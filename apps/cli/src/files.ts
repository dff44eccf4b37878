import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** The code of a system error, e.g. ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The text of a file; undefined when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

const RELEASE_TRIES = 20;
const RELEASE_PAUSE_MS = 250;

/**
 * Deletes a file or a folder, waiting at most five seconds for processes that are just ending to let go of it. (The
 * retries that rm offers itself multiply with every level of folders.)
 */
export async function removeAll(path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (tries >= RELEASE_TRIES || !["EBUSY", "ENOTEMPTY"].includes(systemCode(error) ?? "")) throw error;
      await wait(RELEASE_PAUSE_MS);
    }
  }
}

/** Parsed JSON of a file; undefined when there is none or it is torn. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Replaces a file in one step; only its owner may read it. */
export async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(fresh, text, { mode: 0o600, flush: true });
    await rename(fresh, path);
  } finally {
    await rm(fresh, { force: true });
  }
}
