import { createHash } from "node:crypto";
import { realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../files.ts";

/** Under root the agent's own user keeps its state here, under a hash of the folder that names it (see packages/runtime). */
const BASE = "/var/lib/corepool";

/** Where the root supervisor keeps what it prepared for the agent of this folder; undefined when it never did. */
export async function hostFolder(state: string): Promise<string | undefined> {
  const place = await realpath(state).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  return place === undefined ? undefined : join(BASE, createHash("sha256").update(place).digest("hex").slice(0, 12));
}

/** Deletes what the agent of this state folder keeps outside of it. The agent must be stopped. */
export async function forgetHost(state: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const folder = await hostFolder(state);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}
