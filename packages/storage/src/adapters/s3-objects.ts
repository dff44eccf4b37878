import { createHash } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { CorepoolError } from "@corepool/core/errors";
import { AwsClient } from "aws4fetch";
import { storeFull, storeUnavailable } from "../answers.ts";

/** Where the objects lie, and how patient we are with the store. */
export interface S3Place {
  /** Base address of the store, without bucket: `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Goes before every key; empty, or ending in a slash. */
  readonly prefix: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  /** How long one request may take until its last byte, ms. Default 60,000. */
  readonly timeoutMs?: number;
  /** How often a request is made before the store counts as unavailable. Default 5. */
  readonly tries?: number;
  /** Pause after the first failure, ms; it doubles, with jitter. Default 100. */
  readonly pauseMs?: number;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Answers that the same request may turn into a success. 507 and quotas are not among them: the store is full. */
const WORTH_ANOTHER_TRY = new Set([408, 429, 500, 502, 503, 504]);
/** Codes in which stores of several makers say that nothing more fits. */
const FULL = /<Code>(XMinioStorageFull|QuotaExceeded|InsufficientStorage)<\/Code>/;

/**
 * Whole objects of one bucket over signed requests. Every request is idempotent, so each is repeated within bounds when
 * the store answers 5xx, is slow, or breaks off. Paths name the bucket (not the host), which every store understands.
 */
export class S3Objects {
  readonly #client: AwsClient;
  readonly #place: S3Place;

  constructor(place: S3Place) {
    this.#place = place;
    this.#client = new AwsClient({ ...place.credentials, service: "s3", region: place.region, retries: 0 });
  }

  /** Stores an object. The signature covers the digest of its bytes, so a store can refuse what changed on the way. */
  async put(key: string, bytes: Uint8Array): Promise<void> {
    const digest = createHash("sha256").update(bytes).digest("hex");
    const headers = { "x-amz-content-sha256": digest, "content-type": "application/octet-stream" };
    await this.#tried("PUT", key, headers, bytes, async (response) => {
      await response.arrayBuffer();
      if (response.ok) return undefined;
      throw refused(response.status, "PUT");
    });
  }

  /** The bytes [start, end) of an object (default: all); undefined when it is not there or ends before `end`. */
  async get(key: string, range?: { readonly start: number; readonly end: number }): Promise<Buffer | undefined> {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end - 1}` };
    return this.#tried("GET", key, headers, undefined, async (response) => {
      const bytes = Buffer.from(await response.arrayBuffer());
      if (response.status === 404 || response.status === 416) return undefined;
      if (!response.ok) throw refused(response.status, "GET");
      // A store may ignore the range; a proxy may cut a body that has no length.
      const part = range !== undefined && response.status === 200 ? bytes.subarray(range.start, range.end) : bytes;
      return range !== undefined && part.length !== range.end - range.start ? undefined : part;
    });
  }

  async remove(key: string): Promise<void> {
    await this.#tried("DELETE", key, {}, undefined, async (response) => {
      await response.arrayBuffer();
      if (response.ok || response.status === 404) return undefined;
      throw refused(response.status, "DELETE");
    });
  }

  /** The keys that begin so, page by page. Keys of ours need no escape in XML. */
  async *list(start: string): AsyncGenerator<string> {
    const { prefix } = this.#place;
    for (let token: string | undefined = ""; token !== undefined; ) {
      const query = new URLSearchParams({ "list-type": "2", prefix: `${prefix}${start}` });
      if (token !== "") query.set("continuation-token", token);
      const page = await this.#tried(
        "GET",
        undefined,
        {},
        undefined,
        async (response) => {
          if (!response.ok) throw refused(response.status, "LIST");
          return response.text();
        },
        query,
      );
      for (const [, key] of page.matchAll(/<Key>([^<]*)<\/Key>/g)) {
        if (key?.startsWith(`${prefix}${start}`)) yield key.slice(prefix.length);
      }
      const next = /<NextContinuationToken>([^<]+)<\/NextContinuationToken>/.exec(page)?.[1];
      token = next === undefined ? undefined : unescaped(next);
    }
  }

  /** Why the bucket cannot be used, in one sentence without secrets; undefined when it can. One request, no repetition. */
  async trouble(timeoutMs: number): Promise<string | undefined> {
    const { bucket, endpoint, prefix } = this.#place;
    const where = `the blob store at ${new URL(endpoint).host}`;
    try {
      const request = await this.#client.sign(`${endpoint}/${bucket}/${prefix}blobs/none`, {
        method: "GET",
        headers: { "x-amz-content-sha256": EMPTY },
      });
      const response = await fetch(request, { signal: AbortSignal.timeout(timeoutMs), redirect: "error" });
      const said = await response.text();
      if (said.includes("<Code>NoSuchBucket</Code>")) return `${where} has no bucket ${bucket}`;
      if (response.ok || response.status === 404) return undefined;
      if (response.status === 401 || response.status === 403)
        return `${where} refuses our credentials, or lets them not list the bucket ${bucket}`;
      return `${where} answers ${response.status}`;
    } catch {
      return `${where} does not answer`;
    }
  }

  async #tried<T>(
    method: string,
    /** Undefined: the bucket itself. */
    key: string | undefined,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | undefined,
    take: (response: Response) => Promise<T>,
    query?: URLSearchParams,
  ): Promise<T> {
    const { endpoint, bucket, prefix, timeoutMs = 60_000, tries = 5, pauseMs = 100 } = this.#place;
    const path = key === undefined ? "" : `/${prefix}${key}`;
    const url = `${endpoint}/${bucket}${path}${query === undefined ? "" : `?${query.toString()}`}`;
    let last: unknown;
    for (let attempt = 0; attempt < tries; attempt++) {
      if (attempt > 0) await wait(pauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()));
      try {
        const request = await this.#client.sign(url, {
          method,
          headers: { "x-amz-content-sha256": EMPTY, ...headers },
          ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
        });
        const response = await fetch(request, { signal: AbortSignal.timeout(timeoutMs), redirect: "error" });
        if (WORTH_ANOTHER_TRY.has(response.status)) {
          await response.body?.cancel();
          last = refused(response.status, method);
          continue;
        }
        if (response.status >= 400) {
          const why = await response.clone().text();
          if (response.status === 507 || FULL.test(why)) throw storeFull();
          if (why.includes("<Code>NoSuchBucket</Code>")) throw storeUnavailable(`it has no bucket ${bucket}`);
        }
        return await take(response);
      } catch (error) {
        if (error instanceof CorepoolError) throw error;
        // The connection broke, or the time was over, before the last byte.
        last = error;
      }
    }
    throw storeUnavailable(`after ${tries} tries of ${method}`, last);
  }
}

const EMPTY = createHash("sha256").digest("hex");

const refused = (status: number, method: string) => storeUnavailable(`it answered ${status} to ${method}`);

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const unescaped = (text: string) =>
  text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? "");
