import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { BlobHash } from "@corepool/core/hex";

/** The name and size of a file's content, read once as a stream. */
export async function hashFile(path: string): Promise<{ readonly hash: BlobHash; readonly sizeBytes: number }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const part of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    hash.update(part);
    sizeBytes += part.length;
  }
  return { hash: `sha256:${hash.digest("hex")}`, sizeBytes };
}
