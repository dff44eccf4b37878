import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Blobs } from "@corepool/core/ports/blobs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashFile } from "../hash-file.ts";
import { blobsConformance, bytesOf, hashOf, OWNER, patterned, put, refusal, streamOf } from "../testing/conformance.ts";
import { openFileBlobs } from "./files.ts";

const MIB = 2 ** 20;

blobsConformance("the files driver", async () => {
  const dir = await mkdtemp(join(tmpdir(), "corepool-blobs-"));
  const blobs = await openFileBlobs({ dir, maxBlobBytes: 8 * MIB });
  return { blobs, dispose: () => rm(dir, { recursive: true }) };
});

describe("the files driver on a damaged disk", () => {
  let dir: string;
  let blobs: Blobs;
  const bytes = patterned(3 * MIB + 100);
  const hash = hashOf(bytes);
  const path = () => join(dir, "blobs", hash.slice(7, 9), hash.slice(7));

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "corepool-blobs-"));
    blobs = await openFileBlobs({ dir, maxBlobBytes: 8 * MIB });
    await put(blobs, bytes);
  });
  afterEach(() => rm(dir, { recursive: true }));

  const flip = async (file: string, at: number) => {
    const content = await readFile(file);
    content[at] = (content[at] ?? 0) ^ 1;
    await writeFile(file, content);
  };

  it("serves no byte of a damaged chunk, sets the blob aside, and takes it again", async () => {
    await flip(path(), 2 * MIB + 5);
    const intact = await bytesOf(await blobs.read(hash, { start: 0, end: 2 * MIB }));
    expect(hashOf(intact)).toBe(hashOf(bytes.slice(0, 2 * MIB)));
    expect(await refusal(blobs.read(hash, { start: 2 * MIB + 10, end: 2 * MIB + 20 }))).toBe("blob-corrupt");
    expect(await blobs.size(hash)).toBeUndefined();
    expect(await readdir(join(dir, "quarantine"))).toEqual([hash.slice(7)]);
    expect((await put(blobs, bytes)).complete).toBe(true);
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
  });

  it("breaks a stream before the damaged chunk", async () => {
    await flip(path(), 2 * MIB + 5);
    const reader = (await blobs.read(hash)).getReader();
    let served = 0;
    const all = (async () => {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        served += value.length;
      }
    })();
    expect(await refusal(all)).toBe("blob-corrupt");
    expect(served).toBeLessThanOrEqual(2 * MIB);
  });

  it.each([0, 3 * MIB])("notices a blob cut to %i bytes", async (length) => {
    await truncate(path(), length);
    expect(await refusal(blobs.read(hash).then(bytesOf))).toBe("blob-corrupt");
  });

  it("does not count a cut blob as there", async () => {
    await truncate(path(), MIB);
    expect(await blobs.size(hash)).toBeUndefined();
  });

  it.each([0, 9, 20])("mends a sidecar with byte %i changed: the name decides", async (at) => {
    await flip(`${path()}.chunks`, at);
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
    expect(await readFile(`${path()}.chunks`)).toHaveLength(16 + 4 * 32);
    expect(await readdir(join(dir, "quarantine"))).toEqual([]);
  });

  it("mends a lost sidecar", async () => {
    await rm(`${path()}.chunks`);
    expect(hashOf(await bytesOf(await blobs.read(hash, { start: MIB })))).toBe(hashOf(bytes.slice(MIB)));
  });

  it("detects a torn upload: a tail that never reached the disk", async () => {
    const other = patterned(2 * MIB).reverse();
    await blobs.write(hashOf(other), {
      owner: OWNER,
      offset: 0,
      size: other.length,
      bytes: streamOf(other.slice(0, MIB)),
    });
    const part = join(dir, "uploads", `${hashOf(other).slice(7)}.${OWNER}.part`);
    const torn = await readFile(part);
    torn.fill(0, MIB - 4096);
    await writeFile(part, torn);
    const rest = blobs.write(hashOf(other), {
      owner: OWNER,
      offset: MIB,
      size: other.length,
      bytes: streamOf(other.slice(MIB)),
    });
    expect(await refusal(rest)).toBe("blob-hash-mismatch");
    expect(await blobs.received(hashOf(other), OWNER)).toBe(0);
    expect((await put(blobs, other)).complete).toBe(true);
  });

  it("goes on after kill -9 in the middle of an upload", async () => {
    const script = `
      import { openFileBlobs } from ${JSON.stringify(join(import.meta.dirname, "files.ts"))};
      const blobs = await openFileBlobs({ dir: process.argv[1], maxBlobBytes: 1e7 });
      const bytes = new Uint8Array(100000).fill(7);
      const stream = new ReadableStream({
        start(c) { c.enqueue(bytes.slice(0, 60000)); },
        pull() { setTimeout(() => process.kill(process.pid, "SIGKILL"), 200); return new Promise(() => {}); },
      });
      await blobs.write(process.argv[2], { owner: ${JSON.stringify(OWNER)}, offset: 0, size: 100000, bytes: stream });
    `;
    const killed = new Uint8Array(100_000).fill(7);
    const signal = await new Promise((resolve) => {
      execFile("node", ["--input-type=module-typescript", "-e", script, dir, hashOf(killed)], (error) =>
        resolve(error?.signal),
      );
    });
    expect(signal).toBe("SIGKILL");
    const again = await openFileBlobs({ dir, maxBlobBytes: 8 * MIB });
    const received = await again.received(hashOf(killed), OWNER);
    expect(received).toBe(60_000);
    const rest = { owner: OWNER, offset: received, size: killed.length, bytes: streamOf(killed.slice(received)) };
    expect((await again.write(hashOf(killed), rest)).complete).toBe(true);
    expect(await readdir(join(dir, "uploads"))).toEqual([]);
  });

  it("names a file as its content", async () => {
    expect(await hashFile(path())).toEqual({ hash, sizeBytes: bytes.length });
  });
});
