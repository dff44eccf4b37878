import { CorepoolError } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import { isProblemCode } from "@corepool/protocol/problems";
import { z } from "zod";
import type { BlobTransfer } from "../ports.ts";

export interface BlobClientOptions {
  /** The coordinator, http(s). */
  readonly url: string;
  /** Bearer of the newest sign-in. */
  readonly token: () => string | undefined;
}

/** A request with a streamed body: `duplex` is missing in the DOM's types. */
type StreamedInit = RequestInit & { readonly duplex?: "half" };

/** Blobs over the coordinator's HTTP API. */
export function blobClient(options: BlobClientOptions): BlobTransfer {
  const request = async (hash: BlobHash, init: StreamedInit): Promise<Response> => {
    const token = options.token();
    if (token === undefined) throw unreachable("the agent has not signed in yet");
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    try {
      return await fetch(new URL(`/v1/blobs/${hash}`, options.url), { ...init, headers });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      throw unreachable(why instanceof Error ? why.message : String(why));
    }
  };

  return {
    async download(hash, offset, signal) {
      const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const response = await request(hash, { method: "GET", headers, signal });
      if (!response.ok || response.body === null) throw await problemOf(response, hash);
      // A server that ignores the range would give bytes that are here already.
      if (offset > 0 && response.status !== 206) throw unreachable("it does not serve ranges of blobs");
      return readable(response.body);
    },
    async state(hash, signal) {
      const response = await request(hash, { method: "HEAD", signal });
      if (response.ok) return { stored: true, received: Number(response.headers.get("content-length") ?? 0) };
      if (response.status === 404) {
        const received = Number(response.headers.get("upload-offset") ?? 0);
        return { stored: false, received: Number.isSafeInteger(received) && received > 0 ? received : 0 };
      }
      throw await problemOf(response, hash);
    },
    async upload(hash, part, signal) {
      const response = await request(hash, {
        method: "PUT",
        headers: {
          "content-type": "application/octet-stream",
          "upload-offset": String(part.offset),
          "upload-length": String(part.size),
        },
        body: ReadableStream.from(part.bytes),
        duplex: "half",
        signal,
      });
      if (!response.ok) throw await problemOf(response, hash);
      await response.body?.cancel();
      if (response.status === 202) throw unreachable("it did not take the whole upload");
    },
  };
}

/** A broken download is worth another try from where it stopped. */
async function* readable(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw unreachable(cause instanceof Error ? cause.message : String(cause));
  }
}

const problemBody = z.object({ code: z.string(), detail: z.string().optional() });

async function problemOf(response: Response, hash: BlobHash): Promise<CorepoolError> {
  const said = problemBody.safeParse(await response.json().catch(() => undefined)).data;
  const code = said !== undefined && isProblemCode(said.code) ? said.code : fallback(response.status);
  return new CorepoolError(code, {
    detail: `The coordinator answered ${response.status} about blob ${hash}: ${said?.detail ?? response.statusText}`,
  });
}

function fallback(status: number): string {
  if (status === 404) return "blob-not-found";
  if (status === 401) return "unauthenticated";
  return status >= 500 || status === 429 ? "coordinator-unreachable" : "bad-request";
}

function unreachable(why: string): CorepoolError {
  return new CorepoolError("coordinator-unreachable", {
    detail: `The coordinator's blob store did not answer: ${why}.`,
    next: "Wait; the agent tries again.",
  });
}
