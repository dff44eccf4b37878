import { createHash } from "node:crypto";
import { codeOf } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import type { Blobs } from "@corepool/core/ports/blobs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** A store under test. `maxBlobBytes` must be 8 MiB. */
export interface BlobsUnderTest {
  readonly blobs: Blobs;
  readonly dispose: () => Promise<void>;
}
const MAX = 8 * 2 ** 20;
/** Whose uploads these are, where a test has only one. */
export const OWNER = `0x${"0a".repeat(20)}`;

export const hashOf = (bytes: Uint8Array): BlobHash => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
/** Bytes that differ from chunk to chunk. */
export const patterned = (length: number): Uint8Array =>
  new Uint8Array(length).map((_, i) => (i * 31 + (i >> 12)) & 255);
export const streamOf = (...parts: readonly Uint8Array[]): ReadableStream<Uint8Array> => ReadableStream.from(parts);
export const put = (blobs: Blobs, bytes: Uint8Array, owner = OWNER) =>
  blobs.write(hashOf(bytes), { owner, offset: 0, size: bytes.length, bytes: streamOf(bytes) });
export const bytesOf = async (stream: ReadableStream<Uint8Array>): Promise<Uint8Array> =>
  new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
/** The code with which a promise rejects. */
export const refusal = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => "resolved",
    (error: unknown) => codeOf(error) ?? String(error),
  );

/** What every driver of the Blobs port must do. */
export function blobsConformance(name: string, make: () => Promise<BlobsUnderTest>): void {
  describe(`${name} keeps blobs as the port says`, () => {
    let store: BlobsUnderTest;
    beforeEach(async () => {
      store = await make();
    });
    afterEach(() => store.dispose());

    it("knows nothing of a blob that was never written", async () => {
      const hash = hashOf(patterned(3));
      expect(await store.blobs.size(hash)).toBeUndefined();
      expect(await store.blobs.received(hash, OWNER)).toBe(0);
      expect(await refusal(store.blobs.read(hash))).toBe("blob-not-found");
    });

    it.each([0, 1, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 17])("gives back %i bytes", async (length) => {
      const bytes = patterned(length);
      expect(await put(store.blobs, bytes)).toEqual({ complete: true, received: length });
      expect(await store.blobs.size(hashOf(bytes))).toBe(length);
      expect(hashOf(await bytesOf(await store.blobs.read(hashOf(bytes))))).toBe(hashOf(bytes));
    });

    it("reads any range", async () => {
      const bytes = patterned(2 * 2 ** 20 + 5000);
      await put(store.blobs, bytes);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length + 10), fc.nat(bytes.length + 10), async (start, end) => {
          const read = await bytesOf(await store.blobs.read(hashOf(bytes), { start, end }));
          expect(hashOf(read)).toBe(hashOf(bytes.slice(start, Math.max(start, end))));
        }),
        { numRuns: 40 },
      );
    });

    it("goes on where an upload stopped, part by part", async () => {
      const bytes = patterned(100_000);
      const hash = hashOf(bytes);
      for (const [from, to] of [
        [0, 30_000],
        [30_000, 30_001],
        [30_001, 99_999],
      ] as const) {
        const part = { owner: OWNER, offset: from, size: bytes.length, bytes: streamOf(bytes.slice(from, to)) };
        expect(await store.blobs.write(hash, part)).toEqual({ complete: false, received: to });
        expect(await store.blobs.received(hash, OWNER)).toBe(to);
        expect(await store.blobs.size(hash)).toBeUndefined();
        expect(await refusal(store.blobs.read(hash))).toBe("blob-not-found");
      }
      const last = { owner: OWNER, offset: 99_999, size: bytes.length, bytes: streamOf(bytes.slice(99_999)) };
      expect(await store.blobs.write(hash, last)).toEqual({ complete: true, received: bytes.length });
      expect(hashOf(await bytesOf(await store.blobs.read(hash)))).toBe(hash);
    });

    it("keeps what arrived before a stream broke", async () => {
      const bytes = patterned(50_000);
      const broken = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(bytes.slice(0, 20_000));
        },
        pull(controller) {
          controller.error(new Error("connection lost"));
        },
      });
      await expect(
        store.blobs.write(hashOf(bytes), { owner: OWNER, offset: 0, size: bytes.length, bytes: broken }),
      ).rejects.toThrow("connection lost");
      const received = await store.blobs.received(hashOf(bytes), OWNER);
      expect(received).toBeLessThanOrEqual(20_000);
      const rest = { owner: OWNER, offset: received, size: bytes.length, bytes: streamOf(bytes.slice(received)) };
      expect((await store.blobs.write(hashOf(bytes), rest)).complete).toBe(true);
    });

    it("refuses another offset and says the right one", async () => {
      const bytes = patterned(1000);
      await store.blobs.write(hashOf(bytes), {
        owner: OWNER,
        offset: 0,
        size: 1000,
        bytes: streamOf(bytes.slice(0, 400)),
      });
      const wrong = store.blobs.write(hashOf(bytes), {
        owner: OWNER,
        offset: 500,
        size: 1000,
        bytes: streamOf(bytes.slice(500)),
      });
      await expect(wrong).rejects.toMatchObject({ code: "blob-offset-mismatch", data: { received: 400 } });
      expect(await store.blobs.received(hashOf(bytes), OWNER)).toBe(400);
    });

    it("starts anew at offset 0", async () => {
      const bytes = patterned(1000);
      const size = bytes.length;
      await store.blobs.write(hashOf(bytes), { owner: OWNER, offset: 0, size, bytes: streamOf(new Uint8Array(400)) });
      expect((await put(store.blobs, bytes)).complete).toBe(true);
    });

    it("throws away bytes that are not what their name says", async () => {
      const bytes = patterned(1000);
      const forged = Uint8Array.from(bytes, (b, i) => (i === 999 ? b ^ 1 : b));
      const write = store.blobs.write(hashOf(bytes), { owner: OWNER, offset: 0, size: 1000, bytes: streamOf(forged) });
      expect(await refusal(write)).toBe("blob-hash-mismatch");
      expect(await store.blobs.size(hashOf(bytes))).toBeUndefined();
      expect(await store.blobs.received(hashOf(bytes), OWNER)).toBe(0);
      expect((await put(store.blobs, bytes)).complete).toBe(true);
    });

    it("refuses what is too large, announced or not", async () => {
      const bytes = patterned(10);
      const announced = store.blobs.write(hashOf(bytes), {
        owner: OWNER,
        offset: 0,
        size: MAX + 1,
        bytes: streamOf(bytes),
      });
      expect(await refusal(announced)).toBe("blob-too-large");
      const silent = store.blobs.write(hashOf(bytes), { owner: OWNER, offset: 0, size: 9, bytes: streamOf(bytes) });
      expect(await refusal(silent)).toBe("blob-too-large");
      expect(await store.blobs.size(hashOf(bytes))).toBeUndefined();
    });

    it("lets many write the same blob at once", async () => {
      const bytes = patterned(300_000);
      const slow = () =>
        ReadableStream.from(
          (async function* () {
            for (let at = 0; at < bytes.length; at += 10_000) yield bytes.slice(at, at + 10_000);
          })(),
        );
      const hash = hashOf(bytes);
      const results = await Promise.all(
        Array.from({ length: 8 }, () =>
          store.blobs.write(hash, { owner: OWNER, offset: 0, size: bytes.length, bytes: slow() }),
        ),
      );
      expect(results.every(({ complete }) => complete)).toBe(true);
      expect(hashOf(await bytesOf(await store.blobs.read(hash)))).toBe(hash);
    });

    it("takes a repeated upload as no change", async () => {
      const bytes = patterned(1000);
      await put(store.blobs, bytes);
      expect(await put(store.blobs, bytes)).toEqual({ complete: true, received: 1000 });
    });

    it("keeps the uploads of several owners apart", async () => {
      const bytes = patterned(1000);
      const hash = hashOf(bytes);
      const part = (owner: string, from: number, to: number, content = bytes) =>
        store.blobs.write(hash, { owner, offset: from, size: 1000, bytes: streamOf(content.slice(from, to)) });
      await part("a", 0, 700);
      await part("b", 0, 300, new Uint8Array(1000));
      expect(await store.blobs.received(hash, "a")).toBe(700);
      expect(await store.blobs.received(hash, "b")).toBe(300);
      expect(await store.blobs.received(hash, "c")).toBe(0);
      await expect(part("c", 700, 1000)).rejects.toMatchObject({
        code: "blob-offset-mismatch",
        data: { received: 0 },
      });
      expect(await refusal(part("b", 300, 1000))).toBe("blob-hash-mismatch");
      expect(await part("a", 700, 1000)).toEqual({ complete: true, received: 1000 });
    });

    it("tells nobody that a blob is here before all its bytes came from him", async () => {
      const bytes = patterned(1000);
      const hash = hashOf(bytes);
      await put(store.blobs, bytes, "a");
      expect(await store.blobs.received(hash, "b")).toBe(0);
      const wrong = store.blobs.write(hash, { owner: "b", offset: 999, size: 1000, bytes: streamOf(bytes.slice(999)) });
      expect(await refusal(wrong)).toBe("blob-offset-mismatch");
      const first = { owner: "b", offset: 0, size: 1000, bytes: streamOf(bytes.slice(0, 400)) };
      expect(await store.blobs.write(hash, first)).toEqual({ complete: false, received: 400 });
      const forged = { owner: "b", offset: 400, size: 1000, bytes: streamOf(new Uint8Array(600)) };
      expect(await refusal(store.blobs.write(hash, forged))).toBe("blob-hash-mismatch");
      expect(hashOf(await bytesOf(await store.blobs.read(hash)))).toBe(hash);
      await store.blobs.write(hash, { ...first, bytes: streamOf(bytes.slice(0, 400)) });
      const rest = { owner: "b", offset: 400, size: 1000, bytes: streamOf(bytes.slice(400)) };
      expect(await store.blobs.write(hash, rest)).toEqual({ complete: true, received: 1000 });
      expect(hashOf(await bytesOf(await store.blobs.read(hash)))).toBe(hash);
    });

    it("throws an unfinished upload away when asked, and only that one", async () => {
      const bytes = patterned(1000);
      const hash = hashOf(bytes);
      const half = (owner: string) =>
        store.blobs.write(hash, { owner, offset: 0, size: 1000, bytes: streamOf(bytes.slice(0, 500)) });
      await half("a");
      await half("b");
      await store.blobs.discard(hash, "a");
      await store.blobs.discard(hash, "a");
      expect(await store.blobs.received(hash, "a")).toBe(0);
      expect(await store.blobs.received(hash, "b")).toBe(500);
    });

    it("names the uploads of which something is kept, and only those", async () => {
      const [one, two] = [patterned(1000), patterned(2000)];
      const half = (bytes: Uint8Array, owner: string) =>
        store.blobs.write(hashOf(bytes), {
          owner,
          offset: 0,
          size: bytes.length,
          bytes: streamOf(bytes.slice(0, 500)),
        });
      expect(await allOf(store.blobs.unfinished())).toEqual([]);
      for (const owner of ["a", "b-0_Z", "c".repeat(80)]) await half(one, owner);
      await half(two, "b-0_Z");
      await put(store.blobs, one, "a");
      await store.blobs.discard(hashOf(one), "c".repeat(80));
      const named = (await allOf(store.blobs.unfinished())).map(({ hash, owner }) => `${hash} ${owner}`);
      expect(named.sort()).toEqual([`${hashOf(one)} b-0_Z`, `${hashOf(two)} b-0_Z`].sort());
    });

    it.each(["", "../a", "a/b", "a.b", "a".repeat(81)])("takes no path for an owner: %j", async (owner) => {
      const bytes = patterned(10);
      await expect(
        store.blobs.write(hashOf(bytes), { owner, offset: 0, size: 10, bytes: streamOf(bytes) }),
      ).rejects.toThrow(RangeError);
    });

    it("forgets a removed blob, and removing twice does no harm", async () => {
      const bytes = patterned(1000);
      await put(store.blobs, bytes);
      await store.blobs.remove(hashOf(bytes));
      await store.blobs.remove(hashOf(bytes));
      expect(await store.blobs.size(hashOf(bytes))).toBeUndefined();
      expect((await put(store.blobs, bytes)).complete).toBe(true);
    });

    it("takes no path for a name", async () => {
      const name = "sha256:../../../../etc/passwd" as BlobHash;
      expect(await refusal(store.blobs.read(name))).toBe("blob-not-found");
      expect(
        await refusal(store.blobs.write(name, { owner: OWNER, offset: 0, size: 1, bytes: streamOf(patterned(1)) })),
      ).toBe("blob-not-found");
    });
  });
}
