import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import { z } from "zod";

const schema = z.object({
  version: z.literal(1),
  createdAt: z.iso.datetime(),
  /** `files`: blobs lie in the backup; otherwise the store in which they stayed. */
  blobs: z.string(),
  /** SHA-256 of every file but the blobs, whose names say it. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});
export type Manifest = z.infer<typeof schema>;

const NAME = "manifest.json";
const BLOBS = "blobs/";

/** Every file below a folder, by its path in it. */
export async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) hash.update(part);
  return hash.digest("hex");
}

/** Writes down what a backup consists of. */
export async function writeManifest(dir: string, about: { createdAt: string; blobs: string }): Promise<Manifest> {
  const files: Record<string, string> = {};
  for (const path of await filesBelow(dir)) if (!path.startsWith(BLOBS)) files[path] = await digestOf(join(dir, path));
  const manifest: Manifest = { version: 1, ...about, files };
  await writeFile(join(dir, NAME), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
  return manifest;
}

/**
 * Reads a backup's manifest and compares every file with it: nothing missing, nothing changed, nothing added.
 * @throws CorepoolError `setup-failed` that names the first file that is not as it was
 */
export async function checkBackup(dir: string): Promise<Manifest> {
  const text = await readFile(join(dir, NAME), "utf8").catch(() => "{}");
  const parsed = schema.safeParse(jsonOf(text));
  if (!parsed.success) throw broken(dir, "it has no manifest of a finished backup");
  const { files } = parsed.data;
  const found = new Set(await filesBelow(dir));
  for (const [path, digest] of Object.entries(files)) {
    if (!found.has(path)) throw broken(dir, `${path} is missing`);
    if ((await digestOf(join(dir, path))) !== digest) throw broken(dir, `${path} was changed`);
  }
  for (const path of found) {
    const blob = /^blobs\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(path)?.[1];
    if (blob !== undefined && (await digestOf(join(dir, path))) !== blob) throw broken(dir, `${path} was changed`);
    if (files[path] === undefined && path !== NAME && !path.startsWith(BLOBS)) throw broken(dir, `${path} was added`);
  }
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const broken = (dir: string, why: string) =>
  new CorepoolError("setup-failed", {
    detail: `${dir} is not a sound backup: ${why}. Nothing was restored.`,
    next: "Take another copy of it, or an older backup.",
  });
