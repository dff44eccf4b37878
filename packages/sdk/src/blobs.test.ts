import { createHash } from "node:crypto";
import type { BlobHash } from "@corepool/core/hex";
import { describe, expect, it } from "vitest";
import { blobHashOf, blobOf, downloadBlob, uploadBlob } from "./blobs.ts";
import { problem, scriptedClient } from "./test/scripted.ts";

const BYTES = new Uint8Array(20 * 2 ** 20).map((_, i) => (i * 31) % 251);
const HASH: BlobHash = `sha256:${createHash("sha256").update(BYTES).digest("hex")}`;

const bytesOf = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
};
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => "none",
    (e: { code?: string }) => e.code,
  );

/** A store that loses the answer to its second part, after it has stored it. */
function forgetfulStore() {
  let stored = Buffer.alloc(0);
  let puts = 0;
  const { client, sent } = scriptedClient((s) => {
    if (s.method === "HEAD")
      return stored.length === BYTES.length
        ? new Response(null, { status: 200 })
        : new Response(null, { status: 404, headers: { "upload-offset": String(stored.length) } });
    const offset = Number(s.headers.get("upload-offset"));
    if (offset !== stored.length) return problem(409, "blob-offset-mismatch");
    stored = Buffer.concat([stored, s.body as Uint8Array]);
    if (++puts === 2) throw new TypeError("the connection broke");
    return Response.json(
      { hash: HASH, received: stored.length, complete: stored.length === BYTES.length },
      { status: 201 },
    );
  });
  return { client, sent, stored: () => stored };
}

describe("uploads", () => {
  it("name bytes by their SHA-256", () => {
    expect(blobHashOf(BYTES)).toBe(HASH);
  });

  it("go on behind what was stored, even when the answer was lost", async () => {
    const store = forgetfulStore();
    await uploadBlob(store.client, blobOf(BYTES));
    expect(store.stored().equals(Buffer.from(BYTES))).toBe(true);
  });

  it("send nothing that is there already", async () => {
    const { client, sent } = scriptedClient(() => new Response(null, { status: 200 }));
    await expect(uploadBlob(client, blobOf(BYTES))).resolves.toEqual({ uploaded: 0 });
    expect(sent).toHaveLength(1);
  });

  it("send small bytes without asking first", async () => {
    const small = blobOf(BYTES.subarray(0, 2 ** 20));
    const { client, sent } = scriptedClient(() =>
      Response.json({ hash: small.hash, received: 2 ** 20, complete: true }, { status: 201 }),
    );
    await expect(uploadBlob(client, small)).resolves.toEqual({ uploaded: 2 ** 20 });
    expect(sent.map(({ method }) => method)).toEqual(["PUT"]);
  });
});

describe("downloads", () => {
  it("go on by range after a break and are verified", async () => {
    const { client, sent } = scriptedClient((s, n) => {
      const from = Number(/bytes=(\d+)-/.exec(s.headers.get("range") ?? "")?.[1] ?? 0);
      return new Response(BYTES.slice(from, n < 3 ? from + 3_000_000 : undefined), { status: from === 0 ? 200 : 206 });
    });
    const got = await bytesOf(downloadBlob(client, HASH, BYTES.length));
    expect(got.equals(Buffer.from(BYTES))).toBe(true);
    expect(sent.map((s) => s.headers.get("range"))).toEqual([null, "bytes=3000000-", "bytes=6000000-"]);
  });

  it("come through where streams cannot be iterated over, as in some browsers", async () => {
    const { client } = scriptedClient(() => {
      const { body } = new Response(BYTES);
      if (body !== null) Object.defineProperty(body, Symbol.asyncIterator, { value: undefined });
      return { ok: true, status: 200, body } as Response;
    });
    expect((await bytesOf(downloadBlob(client, HASH, BYTES.length))).equals(Buffer.from(BYTES))).toBe(true);
  });

  it("refuse other bytes of the same length, and longer ones", async () => {
    const wrong = Uint8Array.from(BYTES);
    wrong[wrong.length - 1] = 1 + (wrong.at(-1) ?? 0);
    const swapped = scriptedClient(() => new Response(wrong)).client;
    expect(await codeOf(bytesOf(downloadBlob(swapped, HASH, BYTES.length)))).toBe("blob-hash-mismatch");
    const longer = scriptedClient(() => new Response(new Uint8Array([...BYTES.subarray(0, 100), 1]))).client;
    expect(await codeOf(bytesOf(downloadBlob(longer, HASH, 100)))).toBe("blob-hash-mismatch");
  });
});
