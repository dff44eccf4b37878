import { CorepoolError } from "@corepool/core/errors";
import { type BlobHash, toHex } from "@corepool/core/hex";
import { headBlob, readBlob, writeBlob } from "@corepool/protocol/routes/blobs";
import { sha256 } from "@noble/hashes/sha2";
import { repeated, request, urlOf } from "./call.ts";
import type { Client } from "./client.ts";
import { checkSignal } from "./deadline.ts";
import { problemOf, reasonOf, unreachable, worthAnotherTry } from "./problem.ts";

/** Bytes that can be read again from any place: a file, or memory. */
export interface BlobSource {
  readonly hash: BlobHash;
  readonly sizeBytes: number;
  /** The bytes [start, end). */
  readonly read: (start: number, end: number) => Promise<Uint8Array<ArrayBuffer>>;
}

const PART_BYTES = 8 * 2 ** 20;
/** Up to here sending costs no more than asking; and a browser logs the 404 of each question as an error of the page. */
const UNASKED_BYTES = 2 ** 20;

/** The name of some bytes. */
export function blobHashOf(bytes: Uint8Array): BlobHash {
  return `sha256:${toHex(sha256(bytes))}`;
}

/** A source for bytes in memory. */
export function blobOf(bytes: Uint8Array): BlobSource {
  return {
    hash: blobHashOf(bytes),
    sizeBytes: bytes.length,
    read: async (start, end) => new Uint8Array(bytes.subarray(start, end)),
  };
}

/** Whether the coordinator has the blob, and if not, how many bytes of an unfinished upload it kept. */
export async function blobState(
  client: Client,
  hash: BlobHash,
  signal?: AbortSignal,
): Promise<{ readonly stored: boolean; readonly received: number }> {
  const url = urlOf(client, headBlob, { hash }, undefined);
  return repeated(client, signal, async (inner) => {
    const response = await request(client, headBlob, url, { headers: {} }, inner);
    if (response.ok) return { stored: true, received: Number(response.headers.get("content-length") ?? 0) };
    const offset = Number(response.headers.get("upload-offset") ?? 0);
    if (response.status === 404)
      return { stored: false, received: Number.isSafeInteger(offset) && offset > 0 ? offset : 0 };
    throw await problemOf(response, headBlob.operationId);
  });
}

/** Uploads what the coordinator does not have yet, in parts, and goes on where an earlier upload stopped. Small blobs are sent at once. */
export async function uploadBlob(
  client: Client,
  source: BlobSource,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (sent: number) => void } = {},
): Promise<{ readonly uploaded: number }> {
  const small = source.sizeBytes <= UNASKED_BYTES;
  const state = small ? { stored: false, received: 0 } : await blobState(client, source.hash, options.signal);
  if (state.stored) return { uploaded: 0 };
  const url = urlOf(client, writeBlob, { hash: source.hash }, undefined);
  let offset = Math.min(state.received, source.sizeBytes);
  let uploaded = 0;
  for (let corrections = 0; ; ) {
    checkSignal(options.signal);
    const end = Math.min(offset + PART_BYTES, source.sizeBytes);
    const body = await source.read(offset, end);
    const headers = {
      "content-type": "application/octet-stream",
      "upload-offset": String(offset),
      "upload-length": String(source.sizeBytes),
    };
    try {
      const answer = await repeated(client, options.signal, async (signal) => {
        const response = await request(client, writeBlob, url, { headers, body }, signal);
        if (!response.ok) throw await problemOf(response, writeBlob.operationId);
        return writeBlob.response.parse(await response.json());
      });
      uploaded += body.length;
      offset = answer.received;
      options.onProgress?.(offset);
      if (answer.complete) return { uploaded };
    } catch (error) {
      // A part whose answer was lost on the way has been stored: ask where to go on.
      if (!(error instanceof CorepoolError) || error.code !== "blob-offset-mismatch" || ++corrections > 8) throw error;
      const now = await blobState(client, source.hash, options.signal);
      if (now.stored) return { uploaded };
      offset = Math.min(now.received, source.sizeBytes);
    }
  }
}

/** The chunks of a body. Not every browser can iterate over a stream by itself. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/**
 * Streams a blob and verifies it: the last step of the iteration rejects with `blob-hash-mismatch` when the bytes are
 * not those of the name, so nothing may be used before the iteration has ended. Goes on by range after a break.
 */
export async function* downloadBlob(
  client: Client,
  hash: BlobHash,
  sizeBytes: number,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const digest = sha256.create();
  const url = urlOf(client, readBlob, { hash }, undefined);
  let offset = 0;
  let since: number | undefined;
  while (offset < sizeBytes) {
    checkSignal(signal);
    try {
      const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const response = await request(client, readBlob, url, { headers }, signal);
      if (!response.ok || response.body === null) throw await problemOf(response, readBlob.operationId);
      if (offset > 0 && response.status !== 206)
        throw new CorepoolError("internal", { detail: `The coordinator ignored the range asked of blob ${hash}.` });
      for await (const chunk of chunksOf(response.body)) {
        offset += chunk.length;
        if (offset > sizeBytes) throw mismatch(hash, `it is longer than ${sizeBytes} bytes`);
        digest.update(chunk);
        since = undefined;
        yield chunk;
      }
      if (offset < sizeBytes) throw unreachable(client.url, "the download broke off");
    } catch (error) {
      checkSignal(signal);
      const failure = error instanceof TypeError ? unreachable(client.url, reasonOf(error), error) : error;
      since ??= client.clock.monotonic();
      if (!worthAnotherTry(failure) || client.clock.monotonic() - since > client.patienceMs) throw failure;
      await client.clock.sleep(500, signal);
    }
  }
  if (`sha256:${toHex(digest.digest())}` !== hash) throw mismatch(hash, "the bytes have another hash");
}

function mismatch(hash: BlobHash, why: string): CorepoolError {
  return new CorepoolError("blob-hash-mismatch", {
    detail: `What was received is not ${hash}: ${why}.`,
    next: "Do not use it; download it again.",
  });
}
