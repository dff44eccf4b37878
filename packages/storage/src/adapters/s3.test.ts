import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import S3rver from "s3rver";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ChaosProxy, startChaosProxy } from "../testing/chaos-proxy.ts";
import {
  allOf,
  blobsConformance,
  bytesOf,
  hashOf,
  OWNER,
  patterned,
  put,
  refusal,
  streamOf,
} from "../testing/conformance.ts";
import { S3Blobs } from "./s3.ts";
import { S3Objects, type S3Place } from "./s3-objects.ts";

const MIB = 2 ** 20;
const PART = 8 * MIB;
/** What s3rver takes: it refuses other key ids, and does not look at signatures. */
const CREDENTIALS = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };

let dir: string;
let server: S3rver;
let port: number;
let proxy: ChaosProxy;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "corepool-s3-"));
  const configureBuckets = [{ name: "blobs" }];
  server = new S3rver({ port: 0, address: "127.0.0.1", silent: true, directory: dir, configureBuckets });
  port = (await server.run()).port;
  proxy = await startChaosProxy(port);
});
afterAll(async () => {
  await proxy.close();
  await server.close();
  await rm(dir, { recursive: true });
});
afterEach(() => {
  proxy.fate = () => undefined;
});

const place = (changes: Partial<S3Place> = {}): S3Place => ({
  endpoint: `http://127.0.0.1:${port}`,
  bucket: "blobs",
  prefix: `${randomBytes(6).toString("hex")}/`,
  region: "us-east-1",
  credentials: CREDENTIALS,
  timeoutMs: 2_000,
  tries: 4,
  pauseMs: 2,
  ...changes,
});

blobsConformance("the S3 driver", () =>
  Promise.resolve({
    blobs: new S3Blobs({ ...place(), maxBlobBytes: 8 * MIB }),
    dispose: () => Promise.resolve(),
  }),
);

describe("a listing of the S3 driver", () => {
  it("goes on over pages, and unescapes what names the next one", async () => {
    const asked: string[] = [];
    const pages = [
      "<Key>p/uploads/1</Key><NextContinuationToken>a&amp;b+/&#61;</NextContinuationToken>",
      "<Key>p/uploads/2</Key>",
    ];
    const store = createServer((request, response) => {
      asked.push(new URL(request.url ?? "", "http://x").searchParams.get("continuation-token") ?? "");
      response.end(`<ListBucketResult>${pages[asked.length - 1]}</ListBucketResult>`);
    });
    await new Promise<void>((resolve) => store.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(store.address() as AddressInfo).port}`;
    const keys = await allOf(new S3Objects(place({ endpoint, prefix: "p/" })).list("uploads/"));
    store.close();
    expect(keys).toEqual(["uploads/1", "uploads/2"]);
    expect(asked).toEqual(["", "a&b+/="]);
  });
});

/** The parts of a published blob or of an unfinished upload, as their record names them. */
async function partsOf(objects: S3Objects, record: string): Promise<{ key: string; length: number }[]> {
  const text = (await objects.get(record))?.toString("utf8") ?? "\n{}";
  const { parts = [] } = JSON.parse(text.slice(text.indexOf("\n"))) as { parts?: { key: string; length: number }[] };
  return parts;
}

describe("the S3 driver and large blobs", () => {
  const bytes = patterned(2 * PART + 3 * MIB + 5);
  const hash = hashOf(bytes);
  const size = bytes.length;

  it("keeps full parts, whatever the pieces in which they come", async () => {
    const where = place();
    const blobs = new S3Blobs({ ...where, maxBlobBytes: 64 * MIB });
    const objects = new S3Objects(where);
    for (const [from, to] of [
      [0, 5],
      [5, PART - 1],
      [PART - 1, PART + 10],
      [PART + 10, size - 7],
    ] as const) {
      const result = await blobs.write(hash, {
        owner: OWNER,
        offset: from,
        size,
        bytes: streamOf(bytes.slice(from, to)),
      });
      expect(result).toEqual({ complete: false, received: to });
    }
    expect(
      (await blobs.write(hash, { owner: OWNER, offset: size - 7, size, bytes: streamOf(bytes.slice(-7)) })).complete,
    ).toBe(true);
    const parts = await partsOf(objects, `blobs/${hash.slice(7)}`);
    expect(parts.map(({ length }) => length)).toEqual([PART, PART, 3 * MIB + 5]);
    expect(await objects.get(`uploads/${hash.slice(7)}/${OWNER}`)).toBeUndefined();
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
    const range = { start: PART - 3, end: PART + 4 };
    expect(await bytesOf(await blobs.read(hash, range))).toEqual(bytes.slice(range.start, range.end));
  });

  it("does not publish what was discarded while it was written", async () => {
    const blobs = new S3Blobs({ ...place(), maxBlobBytes: 64 * MIB });
    let at = 0;
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (at >= PART + MIB && (await blobs.received(hash, OWNER)) > 0) await blobs.discard(hash, OWNER);
        if (at >= size) return controller.close();
        controller.enqueue(bytes.slice(at, at + MIB));
        at += MIB;
      },
    });
    expect(await refusal(blobs.write(hash, { owner: OWNER, offset: 0, size, bytes: stream }))).toBe(
      "blob-offset-mismatch",
    );
    expect(await blobs.size(hash)).toBeUndefined();
    expect((await put(blobs, bytes)).complete).toBe(true);
  });

  it("goes on after kill -9 at the last part that was stored", async () => {
    const where = place();
    const script = `
      import { S3Blobs } from ${JSON.stringify(join(import.meta.dirname, "s3.ts"))};
      const blobs = new S3Blobs({ ...JSON.parse(process.argv[1]), maxBlobBytes: 1e9 });
      let sent = 0;
      const stream = new ReadableStream({
        pull(c) {
          if (sent === 17) return new Promise(() => setTimeout(() => process.kill(process.pid, "SIGKILL"), 50));
          c.enqueue(new Uint8Array(${MIB}).fill(sent++));
        },
      });
      await blobs.write(process.argv[2], { owner: ${JSON.stringify(OWNER)}, offset: 0, size: ${20 * MIB}, bytes: stream });
    `;
    const whole = new Uint8Array(20 * MIB).map((_, i) => Math.floor(i / MIB));
    const signal = await new Promise((resolve) => {
      const args = ["--input-type=module-typescript", "-e", script, JSON.stringify(where), hashOf(whole)];
      execFile("node", args, (error) => resolve(error?.signal));
    });
    expect(signal).toBe("SIGKILL");
    const blobs = new S3Blobs({ ...where, maxBlobBytes: 64 * MIB });
    const received = await blobs.received(hashOf(whole), OWNER);
    expect(received).toBe(2 * PART);
    const rest = { owner: OWNER, offset: received, size: whole.length, bytes: streamOf(whole.slice(received)) };
    expect((await blobs.write(hashOf(whole), rest)).complete).toBe(true);
    expect(hashOf(await bytesOf(await blobs.read(hashOf(whole))))).toBe(hashOf(whole));
  });
});

describe("the S3 driver on a damaged store", () => {
  let blobs: S3Blobs;
  let objects: S3Objects;
  const bytes = patterned(3 * MIB + 100);
  const hash = hashOf(bytes);
  const hex = hash.slice(7);

  beforeEach(async () => {
    const where = place();
    blobs = new S3Blobs({ ...where, maxBlobBytes: 8 * MIB });
    objects = new S3Objects(where);
    await put(blobs, bytes);
  });

  const onlyPart = async () => (await partsOf(objects, `blobs/${hex}`))[0]?.key ?? "";
  const change = async (key: string, how: (content: Buffer) => Uint8Array) =>
    objects.put(key, how((await objects.get(key)) ?? Buffer.alloc(0)));
  const flipped = (at: number) => (content: Buffer) => {
    content[at] = (content[at] ?? 0) ^ 1;
    return content;
  };
  const setAsideAndTakenAgain = async () => {
    expect(await blobs.size(hash)).toBeUndefined();
    expect(await objects.get(`quarantine/${hex}`)).toBeDefined();
    expect((await put(blobs, bytes)).complete).toBe(true);
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
  };

  it("serves no byte of a damaged chunk, sets the blob aside, and takes it again", async () => {
    await change(await onlyPart(), flipped(2 * MIB + 5));
    const intact = await bytesOf(await blobs.read(hash, { start: 0, end: 2 * MIB }));
    expect(hashOf(intact)).toBe(hashOf(bytes.slice(0, 2 * MIB)));
    expect(await refusal(blobs.read(hash, { start: 2 * MIB + 10, end: 2 * MIB + 20 }))).toBe("blob-corrupt");
    await setAsideAndTakenAgain();
  });

  it.each([1, MIB, 3 * MIB + 99])("notices a part cut to %i bytes", async (length) => {
    await change(await onlyPart(), (content) => content.subarray(0, length));
    expect(await refusal(blobs.read(hash).then(bytesOf))).toBe("blob-corrupt");
    await setAsideAndTakenAgain();
  });

  it("notices a lost part", async () => {
    await objects.remove(await onlyPart());
    expect(await refusal(blobs.read(hash).then(bytesOf))).toBe("blob-corrupt");
    await setAsideAndTakenAgain();
  });

  it("believes no manifest with any bit changed", async () => {
    const sound = (await objects.get(`blobs/${hex}`)) ?? Buffer.alloc(0);
    for (let at = 0; at < sound.length; at += 37) {
      await objects.put(`blobs/${hex}`, flipped(at)(Buffer.from(sound)));
      expect(await refusal(blobs.read(hash)), `byte ${at}`).toBe("blob-corrupt");
      await objects.put(`blobs/${hex}`, sound);
    }
    await change(`blobs/${hex}`, (content) => content.subarray(0, 80));
    expect(await blobs.size(hash)).toBeUndefined();
    await setAsideAndTakenAgain();
  });

  it("does not publish an upload whose kept part was damaged", async () => {
    const other = patterned(2 * MIB).reverse();
    const [name, size] = [hashOf(other), other.length];
    await blobs.write(name, { owner: OWNER, offset: 0, size, bytes: streamOf(other.slice(0, MIB)) });
    const [part] = await partsOf(objects, `uploads/${name.slice(7)}/${OWNER}`);
    await change(part?.key ?? "", flipped(7));
    const rest = blobs.write(name, { owner: OWNER, offset: MIB, size, bytes: streamOf(other.slice(MIB)) });
    expect(await refusal(rest)).toBe("blob-offset-mismatch");
    expect(await blobs.received(name, OWNER)).toBe(0);
    expect((await put(blobs, other)).complete).toBe(true);
  });
});

describe("the S3 driver over a bad line", () => {
  let blobs: S3Blobs;
  const bytes = patterned(2 * MIB + 5);
  const hash = hashOf(bytes);

  beforeEach(() => {
    blobs = over(5_000);
  });
  const over = (timeoutMs: number) =>
    new S3Blobs({ ...place({ endpoint: proxy.url, timeoutMs }), maxBlobBytes: 8 * MIB });

  it.each([
    ["503", 2],
    ["hang", 5],
    ["reset-before", 2],
    ["reset-mid-body", 2],
    ["reset-after", 2],
  ] as const)("survives %s on one of every %i requests", async (fault, every) => {
    let count = 0;
    // Long enough for an honest answer on a busy machine; few requests hang.
    if (fault === "hang") blobs = over(2_000);
    proxy.fate = () => (++count % every === 0 ? fault : undefined);
    await blobs.write(hash, { owner: OWNER, offset: 0, size: bytes.length, bytes: streamOf(bytes.slice(0, MIB)) });
    await blobs.write(hash, { owner: OWNER, offset: MIB, size: bytes.length, bytes: streamOf(bytes.slice(MIB)) });
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
    expect(count).toBeGreaterThan(every);
  });

  it("reads again what a line changed on its way", async () => {
    await put(blobs, bytes);
    let count = 0;
    proxy.fate = ({ path }) => (path.includes("/parts/") && count++ % 2 === 0 ? "flip" : undefined);
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
    expect(count).toBeGreaterThan(1);
  });

  it.each(["503", "hang", "reset-before"] as const)("gives up on lasting %s within bounds", async (fault) => {
    await put(blobs, bytes);
    if (fault === "hang") blobs = over(200);
    proxy.fate = () => fault;
    proxy.seen = 0;
    expect(await refusal(blobs.read(hash))).toBe("blob-store-unavailable");
    expect(proxy.seen).toBe(4);
    expect(await refusal(put(blobs, patterned(10)))).toBe("blob-store-unavailable");
  });

  it("says that the store is full, keeps what was stored, publishes nothing, and goes on when there is room", async () => {
    const first = { owner: OWNER, offset: 0, size: bytes.length, bytes: streamOf(bytes.slice(0, MIB)) };
    await blobs.write(hash, first);
    proxy.fate = ({ method }) => (method === "PUT" ? "507" : undefined);
    const rest = () => ({ owner: OWNER, offset: MIB, size: bytes.length, bytes: streamOf(bytes.slice(MIB)) });
    expect(await refusal(blobs.write(hash, rest()))).toBe("blob-store-full");
    expect(await blobs.size(hash)).toBeUndefined();
    expect(await blobs.received(hash, OWNER)).toBe(MIB);
    proxy.fate = () => undefined;
    expect((await blobs.write(hash, rest())).complete).toBe(true);
    expect(hashOf(await bytesOf(await blobs.read(hash)))).toBe(hash);
  });

  it("publishes nothing when the store fails at the very end", async () => {
    proxy.fate = ({ method, path }) => (method === "PUT" && /\/blobs\/[0-9a-f]{64}$/.test(path) ? "503" : undefined);
    expect(await refusal(put(blobs, bytes))).toBe("blob-store-unavailable");
    expect(await blobs.size(hash)).toBeUndefined();
    proxy.fate = () => undefined;
    expect((await put(blobs, bytes)).complete).toBe(true);
  });
});

describe("what is said about a store that cannot be used", () => {
  it("is nothing when it can", async () => {
    expect(await new S3Blobs({ ...place(), maxBlobBytes: 1 }).trouble(1_000)).toBeUndefined();
  });

  it("names a missing bucket, wrong credentials, and silence, and never a secret", async () => {
    const wrong = { accessKeyId: "nobody", secretAccessKey: "hunter2" };
    const said = await Promise.all(
      [place({ bucket: "nowhere" }), place({ credentials: wrong }), place({ endpoint: "http://127.0.0.1:1" })].map(
        (where) => new S3Blobs({ ...where, maxBlobBytes: 1 }).trouble(1_000),
      ),
    );
    expect(said[0]).toContain("no bucket nowhere");
    expect(said[1]).toContain("refuses our credentials");
    expect(said[2]).toContain("does not answer");
    expect(said.join()).not.toContain("hunter2");
  });

  it("is that a redirect is not followed: it could lead anywhere with our signature", async () => {
    let led = 0;
    const target = createServer((_, answer) => answer.end(String(++led)));
    const gate = createServer((_, answer) => {
      const address = target.address();
      const to = address !== null && typeof address === "object" ? address.port : 0;
      answer.writeHead(307, { location: `http://127.0.0.1:${to}/` }).end();
    });
    for (const one of [target, gate]) await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    const address = gate.address();
    const endpoint = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
    const blobs = new S3Blobs({ ...place({ endpoint, tries: 2 }), maxBlobBytes: 1e6 });
    expect(await refusal(blobs.read(hashOf(patterned(3))))).toBe("blob-store-unavailable");
    expect(led).toBe(0);
    for (const one of [target, gate]) one.close();
  });

  it("does not take a missing bucket for missing blobs", async () => {
    const blobs = new S3Blobs({ ...place({ bucket: "nowhere" }), maxBlobBytes: 1e6 });
    expect(await refusal(blobs.read(hashOf(patterned(3))))).toBe("blob-store-unavailable");
    expect(await refusal(put(blobs, patterned(3)))).toBe("blob-store-unavailable");
  });
});
