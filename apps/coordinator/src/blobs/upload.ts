import { createHash } from "node:crypto";
import { CorepoolError } from "@corepool/core/errors";
import type { Address, BlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import { badRequest } from "../platform/http/problem.ts";
import type { BlobAccess } from "./access.ts";

/** A PUT of bytes from `offset` of a blob of `size` bytes. */
export interface Upload {
  readonly account: Address;
  readonly hash: BlobHash;
  readonly offset: number;
  readonly size: number;
  readonly bytes: ReadableStream<Uint8Array>;
}

const WHOLE = /^(0|[1-9]\d{0,15})$/;

/** Upload-Length and Upload-Offset of a request. Without a length the body must be the whole blob. */
export function uploadHeaders(request: Request): { readonly offset: number; readonly size: number } {
  const read = (name: string): number | undefined => {
    const text = request.headers.get(name);
    if (text === null) return undefined;
    if (WHOLE.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
    throw badRequest([{ pointer: `headers/${name}`, code: "format", message: "a whole number of bytes" }]);
  };
  const offset = read("upload-offset") ?? 0;
  const size = read("upload-length") ?? (offset === 0 ? read("content-length") : undefined);
  if (size === undefined)
    throw badRequest([
      { pointer: "headers/upload-length", code: "missing", message: "the size of the whole blob in bytes" },
    ]);
  if (offset > size)
    throw badRequest([{ pointer: "headers/upload-offset", code: "range", message: "beyond upload-length" }]);
  return { offset, size };
}

const mismatch = (received: number) =>
  new CorepoolError("blob-offset-mismatch", {
    detail: `The upload goes on at byte ${received}.`,
    next: "Send Upload-Offset with that value, or 0 to begin anew.",
    data: { received },
  });

/**
 * Takes the bytes in. A blob that is here already is not given to whoever names it: its bytes are read and compared
 * like those of a new one before the account may read it.
 */
export async function takeUpload(
  blobs: Blobs,
  access: BlobAccess,
  upload: Upload,
): Promise<{ readonly received: number; readonly complete: boolean }> {
  const { account, hash, offset, size, bytes } = upload;
  const present = await blobs.size(hash);
  if (present !== undefined) return proveHeld(access, upload, present);
  if (offset === 0) await access.begin(account, hash);
  else if (!(await access.began(account, hash))) {
    await bytes.cancel();
    throw mismatch(0);
  }
  const counted = countBytes(bytes);
  const result = await blobs.write(hash, { owner: account, offset, size, bytes: counted.stream });
  if (!result.complete) return result;
  // Another upload may have published the blob while this one ran; only bytes that went through here count.
  if (counted.count() < size - offset) throw mismatch(0);
  await access.uploaded(account, hash, size);
  return result;
}

async function proveHeld(
  access: BlobAccess,
  { account, hash, offset, bytes }: Upload,
  present: number,
): Promise<{ readonly received: number; readonly complete: boolean }> {
  if (offset !== 0) {
    await bytes.cancel();
    throw mismatch(0);
  }
  const digest = createHash("sha256");
  let length = 0;
  for await (const part of bytes) {
    length += part.byteLength;
    if (length > present) break;
    digest.update(part);
  }
  if (length !== present || `sha256:${digest.digest("hex")}` !== hash) {
    throw new CorepoolError("blob-hash-mismatch", {
      detail: `The bytes uploaded as ${hash} are others; they were thrown away.`,
      next: "Upload again from byte 0, all bytes in one request, under the name of what you send.",
    });
  }
  await access.uploaded(account, hash, present);
  return { received: present, complete: true };
}

function countBytes(bytes: ReadableStream<Uint8Array>): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly count: () => number;
} {
  let count = 0;
  const stream = bytes.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        count += part.byteLength;
        controller.enqueue(part);
      },
    }),
  );
  return { stream, count: () => count };
}
