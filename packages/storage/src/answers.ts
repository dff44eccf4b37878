import { CorepoolError } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";

/** What every driver says in the same words, and hands out in the same way. */

export const notFound = (hash: BlobHash): CorepoolError =>
  new CorepoolError("blob-not-found", {
    detail: `There is no blob ${hash} here.`,
    next: "Upload it first, or check its name.",
  });

export const corrupt = (hash: BlobHash): CorepoolError =>
  new CorepoolError("blob-corrupt", {
    detail: `The stored bytes of ${hash} no longer match its name; they were set aside and not served.`,
    next: "Upload the blob again; check the disk.",
  });

export const notSent = (hash: BlobHash, found: BlobHash): CorepoolError =>
  new CorepoolError("blob-hash-mismatch", {
    detail: `The bytes uploaded as ${hash} are ${found}; they were thrown away.`,
    next: "Upload again from byte 0, under the name of what you send.",
    data: { found },
  });

export const offsetMismatch = (hash: BlobHash, received: number, offset: number): CorepoolError =>
  new CorepoolError("blob-offset-mismatch", {
    detail: `The upload of ${hash} stopped at byte ${received}, not at ${offset}.`,
    next: `Go on at byte ${received}.`,
    data: { received },
  });

export const tooLarge = (detail: string): CorepoolError =>
  new CorepoolError("blob-too-large", { detail, next: "Split it, or store it elsewhere." });

export const storeFull = (cause?: unknown): CorepoolError =>
  new CorepoolError("blob-store-full", {
    detail: "The blob store has no room left. What it kept of the upload stays; nothing was half published.",
    next: "Try again later, from the offset that is kept; the operator must make room.",
    cause,
  });

export const storeUnavailable = (why: string, cause?: unknown): CorepoolError =>
  new CorepoolError("blob-store-unavailable", {
    detail: `The blob store cannot be used: ${why}.`,
    next: "Try again later; the operator sees the reason with corepool doctor and at /readyz.",
    cause,
  });

/** A stream of what `next` gives, whose first part is there, and verified, before it is handed out. */
export async function streamOf(
  next: () => Promise<Uint8Array | undefined>,
  close: () => Promise<void>,
): Promise<ReadableStream<Uint8Array>> {
  let ready: Uint8Array | undefined;
  try {
    ready = await next();
  } catch (error) {
    await close();
    throw error;
  }
  if (ready === undefined) await close();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (ready === undefined) {
          controller.close();
          return;
        }
        controller.enqueue(ready);
        try {
          ready = await next();
        } catch (error) {
          await close();
          throw error;
        }
        if (ready === undefined) {
          await close();
          controller.close();
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
