import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

/**
 * Disk space below a directory in bytes, as blocks that files take. The walk ends early, above `limitBytes` or after
 * `maxEntries` entries: its cost is bounded whatever the workload made. Too many entries, and anything that we cannot look
 * into (a closed directory, a path that is too long), count as too much.
 */
export async function diskUsage(directory: string, limitBytes: number, maxEntries: number): Promise<number> {
  let bytes = 0;
  let entries = 0;
  const pending = [directory];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const listing = await opendir(next).catch(goneOrHidden);
    if (listing === null) continue;
    if (listing === undefined) return Number.POSITIVE_INFINITY;
    for await (const { name } of listing) {
      if (++entries > maxEntries) return Number.POSITIVE_INFINITY;
      const path = join(next, name);
      const entry = await lstat(path).catch(goneOrHidden);
      if (entry === null) continue;
      if (entry === undefined) return Number.POSITIVE_INFINITY;
      bytes += entry.blocks * 512;
      if (bytes > limitBytes) return bytes;
      if (entry.isDirectory()) pending.push(path);
    }
  }
  return bytes;
}

/** Null when the entry was removed meanwhile, undefined when it is kept from us. */
function goneOrHidden(error: unknown): null | undefined {
  return error instanceof Error && "code" in error && error.code === "ENOENT" ? null : undefined;
}
