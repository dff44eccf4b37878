import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import type { Clock } from "@corepool/core/ports/clock";
import type { Caller } from "../platform/http/call.ts";
import { badRequest } from "../platform/http/problem.ts";
import { keeperOf, ownerOf, type Reservation, type Reservations } from "./reservations.ts";

/** A PUT of bytes from `offset` of a blob of `size` bytes. */
export interface Upload {
  readonly caller: Caller;
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

/** How long a request waits for an older one that is still sending the same. */
const PATIENCE_MS = 5_000;

/** While bytes arrive, their reservation is looked for and kept from expiring so often. */
const TOUCH_MS = 3_600_000;

/** After these nothing of the upload is kept. */
const IN_VAIN: ReadonlySet<string | undefined> = new Set(["blob-hash-mismatch", "blob-too-large"]);

/**
 * Takes uploads in, each into its owner's own place, whether or not the blob is here already: nobody is given a blob
 * for naming it, nor learns that it is here, before all its bytes have come from him.
 */
export class UploadDesk {
  readonly #blobs: Blobs;
  readonly #reservations: Reservations;
  readonly #clock: Clock;
  /** What is being sent: one request per upload, so that none goes on under a reservation that another replaced. */
  readonly #sending = new Map<string, { readonly stop: AbortController; readonly over: Promise<unknown> }>();

  constructor(parts: { readonly blobs: Blobs; readonly reservations: Reservations; readonly clock: Clock }) {
    this.#blobs = parts.blobs;
    this.#reservations = parts.reservations;
    this.#clock = parts.clock;
  }

  /** Bytes kept of the caller's unfinished upload. */
  async received(caller: Caller, hash: BlobHash): Promise<number> {
    return this.#reservations.received(caller, hash);
  }

  /** Rejects with `blob-quota-reached` and whatever the store rejects with. */
  async take(upload: Upload): Promise<{ readonly received: number; readonly complete: boolean }> {
    try {
      return await this.#alone(upload, async (signal) => {
        const reservation = await this.#reserve(upload);
        return this.#write(upload, reservation, signal);
      });
    } catch (error) {
      if (!upload.bytes.locked) await upload.bytes.cancel().catch(() => undefined);
      throw error;
    }
  }

  async #reserve({ caller, hash, offset, size }: Upload): Promise<Reservation> {
    if (offset === 0) return this.#reservations.begin(caller, hash, size);
    const reservation = await this.#reservations.goOn(caller, hash);
    if (reservation === undefined) throw mismatch(0);
    const { sizeBytes } = reservation;
    if (sizeBytes === size) return reservation;
    throw badRequest([
      { pointer: "headers/upload-length", code: "changed", message: `the upload began with ${sizeBytes}` },
    ]);
  }

  /** Nothing is kept or published without its reservation: another process may have begun anew, or a day has passed. */
  async #write({ caller, hash, offset, size, bytes }: Upload, reservation: Reservation, signal: AbortSignal) {
    const owner = keeperOf(reservation);
    try {
      const reserved = bytes.pipeThrough(this.#whileReserved(reservation), { signal });
      const result = await this.#blobs.write(hash, { owner, offset, size, bytes: reserved });
      const stands = await (result.complete
        ? this.#reservations.finish(caller, reservation)
        : this.#reservations.settle(reservation));
      if (!stands) throw mismatch(0);
      return result;
    } catch (error) {
      if (IN_VAIN.has(codeOf(error))) await this.#reservations.release(reservation);
      // If the database does not answer either, the bytes are found when it does.
      else await this.#reservations.settle(reservation).catch(() => undefined);
      throw error;
    }
  }

  /** Bytes as they are; the stream breaks when it comes to its end, or an hour further, and the reservation is gone. */
  #whileReserved(reservation: Reservation): TransformStream<Uint8Array, Uint8Array> {
    let looked = this.#clock.now();
    const look = async () => {
      looked = this.#clock.now();
      if (!(await this.#reservations.touch(reservation))) throw mismatch(0);
    };
    return new TransformStream<Uint8Array, Uint8Array>({
      transform: async (chunk, controller) => {
        if (this.#clock.now() - looked >= TOUCH_MS) await look();
        controller.enqueue(chunk);
      },
      flush: look,
    });
  }

  /** Waits for an older request that sends the same; one that takes too long is cut off, and `signal` tells it. */
  async #alone<T>(upload: Upload, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const key = keyOf(upload);
    for (let other = this.#sending.get(key); other !== undefined; other = this.#sending.get(key)) {
      const enough = new AbortController();
      const waited = this.#clock.sleep(PATIENCE_MS, enough.signal).catch(() => undefined);
      await Promise.race([other.over, waited]);
      enough.abort();
      other.stop.abort(mismatch(0));
      await other.over;
    }
    const done = Promise.withResolvers<void>();
    const stop = new AbortController();
    this.#sending.set(key, { stop, over: done.promise });
    try {
      return await work(stop.signal);
    } finally {
      this.#sending.delete(key);
      done.resolve();
    }
  }
}

const keyOf = ({ caller, hash }: Upload): string => `${ownerOf(caller)} ${hash}`;
