import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CorepoolError, codeOf } from "@corepool/core/errors";
import type { BlobHash } from "@corepool/core/hex";
import { openFileBlobs } from "@corepool/storage/adapters/files";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "./adapters/system.ts";
import { openInputFiles } from "./inputs.ts";
import type { BlobTransfer, InputStore } from "./ports.ts";

const hashOf = (bytes: Uint8Array): BlobHash => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const never = new AbortController().signal;
const input = (bytes: Uint8Array, executable = false) => ({ hash: hashOf(bytes), sizeBytes: bytes.length, executable });

describe("the cache of inputs", () => {
  let dir: string;
  let store: InputStore;
  let asked: [BlobHash, number][];
  let put: (bytes: Uint8Array) => Promise<void>;
  /** How many bytes come before the line breaks; undefined: all. */
  let breakAfter: number | undefined;
  /** What is served in the place of a blob. */
  let forged: Uint8Array | undefined;
  let cache: string;

  const open = async (maxBytes = 1_000) => {
    const blobs = await openFileBlobs({ dir: join(dir, "coordinator"), maxBlobBytes: 1e6 });
    put = async (bytes) =>
      void (await blobs.write(hashOf(bytes), {
        owner: "test",
        offset: 0,
        size: bytes.length,
        bytes: ReadableStream.from([bytes]),
      }));
    const transfer: BlobTransfer = {
      async download(hash, offset) {
        asked.push([hash, offset]);
        if (forged !== undefined)
          return (async function* (bytes) {
            yield bytes;
          })(forged);
        const stream = await blobs.read(hash, { start: offset });
        const limit = breakAfter;
        breakAfter = undefined;
        return (async function* () {
          for await (const bytes of stream) {
            yield limit === undefined ? bytes : bytes.subarray(0, limit);
            if (limit !== undefined) throw new CorepoolError("coordinator-unreachable", { detail: "line broke" });
          }
        })();
      },
      state: async () => ({ stored: false, received: 0 }),
      upload: async () => undefined,
    };
    store = await openInputFiles({ dir: cache, maxBytes, blobs: transfer, clock: systemClock });
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "corepool-inputs-"));
    cache = join(dir, "cache");
    asked = [];
    breakAfter = undefined;
    forged = undefined;
    await open();
  });
  afterEach(() => rm(dir, { recursive: true }));

  it("fetches a file once, read-only, and executable where it is asked for", async () => {
    const bytes = Buffer.from("#!/bin/sh\n");
    await put(bytes);
    const plain = await store.hold("a", input(bytes), never);
    const tool = await store.hold("b", input(bytes, true), never);
    expect([await readFile(plain, "utf8"), await readFile(tool, "utf8")]).toEqual(["#!/bin/sh\n", "#!/bin/sh\n"]);
    expect([(await stat(plain)).mode & 0o777, (await stat(tool)).mode & 0o777]).toEqual([0o444, 0o555]);
    expect(asked).toHaveLength(1);
  });

  it("fetches once for many who ask at the same time", async () => {
    const bytes = Buffer.from("shared");
    await put(bytes);
    const paths = await Promise.all(["a", "b", "c"].map((holder) => store.hold(holder, input(bytes), never)));
    expect([new Set(paths).size, asked.length]).toEqual([1, 1]);
  });

  it("goes on where the line broke", async () => {
    const bytes = Buffer.from("0123456789");
    await put(bytes);
    breakAfter = 4;
    expect(await readFile(await store.hold("a", input(bytes), never), "utf8")).toBe("0123456789");
    expect(asked.map(([, offset]) => offset)).toEqual([0, 4]);
  });

  it("fetches anew what the disk lost, also across a restart", async () => {
    const bytes = Buffer.from("precious");
    await put(bytes);
    const path = await store.hold("a", input(bytes), never);
    await rm(path);
    await writeFile(path, "precioUs");
    await open();
    expect(await readFile(await store.hold("a", input(bytes), never), "utf8")).toBe("precious");
  });

  it("starts anew after a torn part", async () => {
    const bytes = Buffer.from("0123456789");
    await put(bytes);
    await writeFile(join(cache, `${hashOf(bytes).slice(7)}.part`), "01xx");
    expect(await readFile(await store.hold("a", input(bytes), never), "utf8")).toBe("0123456789");
  });

  it.each([
    ["other bytes", "abcdefghij"],
    ["too few", "0123"],
    ["too many", "0123456789abc"],
  ])("hands out nothing when %s come", async (_, served) => {
    forged = Buffer.from(served);
    const wanted = input(Buffer.from("0123456789"));
    expect(await store.hold("a", wanted, never).catch(codeOf)).toBe("blob-hash-mismatch");
    expect(await readdir(cache)).toEqual([]);
  });

  it("gives up at once on what the coordinator does not have", async () => {
    expect(await store.hold("a", input(Buffer.from("nowhere")), never).catch(codeOf)).toBe("blob-not-found");
  });

  it("keeps what is held, and drops the least recently used beyond its size", async () => {
    const files = ["a", "b", "c"].map((letter) => Buffer.from(letter.repeat(400)));
    for (const bytes of files) await put(bytes);
    for (const [i, bytes] of files.entries()) await store.hold(`holder-${i}`, input(bytes), never);
    expect(await readdir(cache)).toHaveLength(3);
    await store.release("holder-1");
    await store.release("holder-0");
    expect((await readdir(cache)).sort()).toEqual(
      [files[0], files[2]].map((bytes) => hashOf(bytes ?? Buffer.of()).slice(7)).sort(),
    );
  });
});
