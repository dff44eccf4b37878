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

/** Nothing has moved for so long: whoever is at the other end has stalled, and another try may find him well. */
const STALL_MS = 60_000;

/** Ends a transfer on which nothing moves. */
class Movement {
  readonly #stalled = new AbortController();
  readonly signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#stalled.signal]);
    this.seen();
  }

  seen(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stalled.abort(unreachable("nothing moved for a minute")), STALL_MS).unref();
  }

  over(): void {
    clearTimeout(this.#timer);
  }

  /** The bytes as they are taken. */
  async *through(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const part of bytes) {
        this.seen();
        yield part;
      }
    } finally {
      this.seen();
    }
  }
}

/** Blobs over the coordinator's HTTP API. */
export function blobClient(options: BlobClientOptions): BlobTransfer {
  const request = async (hash: BlobHash, init: StreamedInit, outer: AbortSignal, movement: Movement) => {
    const token = options.token();
    if (token === undefined) throw unreachable("the agent has not signed in yet");
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${token}`);
    try {
      return await fetch(new URL(`/v1/blobs/${hash}`, options.url), { ...init, headers, signal: movement.signal });
    } catch (cause) {
      outer.throwIfAborted();
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      throw unreachable(why instanceof Error ? why.message : String(why));
    }
  };
  /** For requests whose answer has no body, or a short one. */
  const answered = async <T>(outer: AbortSignal, work: (movement: Movement) => Promise<T>): Promise<T> => {
    const movement = new Movement(outer);
    try {
      return await work(movement);
    } finally {
      movement.over();
    }
  };

  return {
    async download(hash, offset, signal) {
      const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const movement = new Movement(signal);
      try {
        const response = await request(hash, { method: "GET", headers }, signal, movement);
        if (!response.ok || response.body === null) throw await problemOf(response, hash);
        // A server that ignores the range would give bytes that are here already.
        if (offset > 0 && response.status !== 206) throw unreachable("it does not serve ranges of blobs");
        return readable(response.body, movement, signal);
      } catch (error) {
        movement.over();
        throw error;
      }
    },
    state: (hash, signal) =>
      answered(signal, async (movement) => {
        const response = await request(hash, { method: "HEAD" }, signal, movement);
        if (!response.ok && response.status !== 404) throw await problemOf(response, hash);
        // To be readable here (as an input) is not to be delivered.
        const received = Number(response.headers.get("upload-offset") ?? 0);
        return {
          stored: response.headers.get("upload-complete") === "?1",
          received: Number.isSafeInteger(received) && received > 0 ? received : 0,
        };
      }),
    upload: (hash, part, signal) =>
      answered(signal, async (movement) => {
        const init: StreamedInit = {
          method: "PUT",
          headers: {
            "content-type": "application/octet-stream",
            "upload-offset": String(part.offset),
            "upload-length": String(part.size),
          },
          body: ReadableStream.from(movement.through(part.bytes)),
          duplex: "half",
        };
        const response = await request(hash, init, signal, movement);
        if (!response.ok) throw await problemOf(response, hash);
        await response.body?.cancel();
        if (response.status === 202) throw unreachable("it did not take the whole upload");
      }),
  };
}

/** A broken download is worth another try from where it stopped. */
async function* readable(
  body: ReadableStream<Uint8Array>,
  movement: Movement,
  outer: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* movement.through(body);
  } catch (cause) {
    outer.throwIfAborted();
    throw unreachable(cause instanceof Error ? cause.message : String(cause));
  } finally {
    movement.over();
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
