import { createHash } from "node:crypto";
import { codeOf } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { Clock } from "@corepool/core/ports/clock";
import type { SandboxHandle } from "@corepool/core/ports/runtime";
import type { OutputFile } from "@corepool/protocol/spec";
import type { BlobTransfer } from "./ports.ts";
import { persist } from "./retry.ts";

/** Bounds on what a workload may leave: the wire's own, and a total of 64 GiB. */
const BOUNDS = { maxFiles: 10_000, maxDepth: 32, maxTotalBytes: 64 * 2 ** 30 };

export interface CollectedOutputs {
  readonly outputs: readonly OutputFile[];
  /** What was left out and why, one sentence; null when nothing was. */
  readonly detail: string | null;
}

/** The bytes of an output from `offset` on. */
async function* from(source: AsyncIterable<Uint8Array>, offset: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const bytes of source) {
    if (at + bytes.length > offset) yield bytes.subarray(Math.max(0, offset - at));
    at += bytes.length;
  }
}

/**
 * Stores a workload's outputs with the coordinator, by hash, and goes on where an earlier try stopped. A file that
 * cannot be stored is left out and named; a coordinator that cannot be reached is waited for.
 */
export async function collectOutputs(
  handle: Pick<SandboxHandle, "outputs" | "readOutput">,
  blobs: BlobTransfer,
  clock: Clock,
  signal: AbortSignal,
): Promise<CollectedOutputs> {
  const listing = await handle.outputs(BOUNDS);
  const left = listing.refused.map(({ path, reason }) => `${path} (${reason})`);
  const unlisted = listing.refusedCount - listing.refused.length;
  const outputs: OutputFile[] = [];
  for (const { path } of listing.files) {
    try {
      outputs.push({ path, ...(await store(() => handle.readOutput(path), blobs, clock, signal)) });
    } catch (error) {
      signal.throwIfAborted();
      left.push(`${path} (${codeOf(error) ?? "unreadable"})`);
    }
  }
  if (left.length === 0) return { outputs, detail: null };
  const more = unlisted > 0 ? ` and ${unlisted} more` : "";
  return { outputs, detail: `Outputs left out: ${left.slice(0, 20).join(", ")}${more}.`.slice(0, 2000) };
}

async function store(
  read: () => AsyncIterable<Uint8Array>,
  blobs: BlobTransfer,
  clock: Clock,
  signal: AbortSignal,
): Promise<{ readonly hash: BlobHash; readonly sizeBytes: number }> {
  const digest = createHash("sha256");
  let sizeBytes = 0;
  for await (const bytes of read()) {
    digest.update(bytes);
    sizeBytes += bytes.length;
  }
  const hash: BlobHash = `sha256:${digest.digest("hex")}`;
  const upload = () =>
    persist(clock, signal, async () => {
      const { stored, received } = await blobs.state(hash, signal);
      if (stored) return;
      const offset = Math.min(received, sizeBytes);
      await blobs.upload(hash, { offset, size: sizeBytes, bytes: from(read(), offset) }, signal);
    });
  try {
    await upload();
  } catch (error) {
    // What an earlier try left there may have been torn; the coordinator has thrown it away, so this one starts anew.
    if (codeOf(error) !== "blob-hash-mismatch") throw error;
    await upload();
  }
  return { hash, sizeBytes };
}
