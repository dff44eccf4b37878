import { createHash } from "node:crypto";
import type { BlobHash } from "@corepool/core/hex";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problem, type TestApi, testApi } from "../testing/api.ts";
import { rangeOf } from "./range.ts";

let test: TestApi;
let owner: string;
let other: string;
let agent: string;
const readable = new Set<BlobHash>();
const MACHINE = `0x${"5a".repeat(32)}` as const;

beforeAll(async () => {
  test = await testApi({
    mayReadBlob: (caller, hash) => Promise.resolve(caller.machine === MACHINE && readable.has(hash)),
  });
  owner = await test.signInAs(privateKeyToAccount(generatePrivateKey()));
  other = await test.signInAs(privateKeyToAccount(generatePrivateKey()));
  agent = await test.accounts.issueAgentToken(`0x${"99".repeat(20)}`, MACHINE);
});
afterAll(() => test.close());

let made = 0;
/** Bytes that no other test has. */
function fresh(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const seed = createHash("sha256").update(`blob ${made++}`).digest();
  for (let i = 0; i < length; i++) bytes[i] = (seed[i % 32] ?? 0) ^ (i >> 5);
  return bytes;
}
const nameOf = (bytes: Uint8Array): BlobHash => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const put = (hash: string, body: Uint8Array, headers: Record<string, string> = {}, token = owner) =>
  test.send("PUT", `/v1/blobs/${hash}`, { token, body, headers: { "upload-length": String(body.length), ...headers } });
const get = (hash: string, token = owner, headers: Record<string, string> = {}) =>
  test.send("GET", `/v1/blobs/${hash}`, { token, headers });
const head = (hash: string, token = owner) => test.send("HEAD", `/v1/blobs/${hash}`, { token });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe("uploading", () => {
  it("tells an agent that a blob which it may only read is still to be uploaded", async () => {
    const bytes = fresh(1_000);
    const hash = nameOf(bytes);
    await put(hash, bytes);
    readable.add(hash);
    const upload = ({ headers }: Response) => [headers.get("upload-complete"), headers.get("upload-offset")];
    expect(upload(await head(hash))).toEqual(["?1", "1000"]);
    const seen = await head(hash, agent);
    expect([seen.status, seen.headers.get("content-length"), ...upload(seen)]).toEqual([200, "1000", "?0", "0"]);
    expect((await put(hash, bytes, {}, agent)).status).toBe(201);
    expect(upload(await head(hash, agent))).toEqual(["?1", "1000"]);
    expect(upload(await head(hash, other))).toEqual(["?0", "0"]);
  });

  it("takes a blob in one go and gives it back, whole and in parts", async () => {
    const bytes = fresh(300_000);
    const hash = nameOf(bytes);
    const response = await put(hash, bytes);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ hash, received: bytes.length, complete: true });
    const there = await head(hash);
    expect(there.status).toBe(200);
    expect(there.headers.get("content-length")).toBe("300000");
    const whole = await get(hash);
    expect(nameOf(await bytesOf(whole))).toBe(hash);
    expect(whole.headers.get("content-disposition")).toContain("attachment");
    expect(whole.headers.get("cache-control")).toContain("private");
    const part = await get(hash, owner, { range: "bytes=100-199" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe("bytes 100-199/300000");
    expect(await bytesOf(part)).toEqual(bytes.slice(100, 200));
    const beyond = await get(hash, owner, { range: "bytes=300000-" });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("content-range")).toBe("bytes */300000");
  });

  it("goes on where it stopped", async () => {
    const bytes = fresh(200_000);
    const hash = nameOf(bytes);
    const first = await put(hash, bytes.slice(0, 70_000), { "upload-length": "200000" });
    expect(first.status).toBe(202);
    const partly = await head(hash);
    expect(partly.status).toBe(404);
    expect(partly.headers.get("upload-offset")).toBe("70000");
    const wrong = await problem(
      await put(hash, bytes.slice(60_000), { "upload-length": "200000", "upload-offset": "60000" }),
    );
    expect(wrong.code).toBe("blob-offset-mismatch");
    const rest = await put(hash, bytes.slice(70_000), { "upload-length": "200000", "upload-offset": "70000" });
    expect(rest.status).toBe(201);
    expect(nameOf(await bytesOf(await get(hash)))).toBe(hash);
  });

  it("takes the empty blob", async () => {
    const hash = nameOf(new Uint8Array());
    expect((await put(hash, new Uint8Array())).status).toBe(201);
    expect((await bytesOf(await get(hash))).length).toBe(0);
  });

  it("refuses what does not match its name, is too long, too large or badly described", async () => {
    const bytes = fresh(1_000);
    const hash = nameOf(fresh(1_000));
    expect((await problem(await put(hash, bytes))).code).toBe("blob-hash-mismatch");
    expect((await problem(await get(hash))).code).toBe("blob-not-found");
    expect((await problem(await put(hash, bytes, { "upload-length": "999" }))).code).toBe("blob-too-large");
    expect((await problem(await put(hash, bytes, { "upload-length": String(2 ** 40) }))).code).toBe("blob-too-large");
    for (const length of ["-1", "1e3", "0x10", "01", "9".repeat(17), ""]) {
      expect((await put(hash, bytes, { "upload-length": length })).status, length).toBe(400);
    }
    expect((await put(hash, bytes, { "upload-offset": "1001" })).status).toBe(400);
    for (const name of ["sha256:xyz", "../../etc/passwd", hash.toUpperCase(), `${hash}0`, "sha1:00"]) {
      expect([400, 404], name).toContain((await put(encodeURIComponent(name), bytes)).status);
    }
  });
});

describe("access", () => {
  it("is not given by knowing a hash", async () => {
    const bytes = fresh(5_000);
    const hash = nameOf(bytes);
    await put(hash, bytes);
    expect((await problem(await get(hash, other))).code).toBe("blob-not-found");
    const asked = await head(hash, other);
    expect([asked.status, asked.headers.get("upload-offset")]).toEqual([404, "0"]);
    expect((await get(hash, agent)).status).toBe(404);
    // Neither by claiming to upload it without its bytes.
    for (const [body, headers] of [
      [new Uint8Array(), {}],
      [new Uint8Array(), { "upload-length": "5000", "upload-offset": "5000" }],
      [bytes.slice(4_999), { "upload-length": "5000", "upload-offset": "4999" }],
      [bytes.slice(0, 4_999), { "upload-length": "4999" }],
      [bytes.toReversed(), {}],
      [new Uint8Array(6_000), {}],
    ] as [Uint8Array, Record<string, string>][]) {
      expect((await put(hash, body, headers, other)).status).toBeGreaterThanOrEqual(400);
      expect((await get(hash, other)).status).toBe(404);
    }
  });

  it("is given to whoever uploads all the same bytes", async () => {
    const bytes = fresh(5_000);
    const hash = nameOf(bytes);
    await put(hash, bytes);
    expect((await put(hash, bytes, {}, other)).status).toBe(201);
    expect(await bytesOf(await get(hash, other))).toEqual(bytes);
  });

  it("is not given by finishing what another one began", async () => {
    const bytes = fresh(9_000);
    const hash = nameOf(bytes);
    await put(hash, bytes.slice(0, 8_999), { "upload-length": "9000" });
    expect((await head(hash, other)).headers.get("upload-offset")).toBe("0");
    const rest = { "upload-length": "9000", "upload-offset": "8999" };
    expect((await problem(await put(hash, bytes.slice(8_999), rest, other))).code).toBe("blob-offset-mismatch");
    expect((await get(hash, other)).status).toBe(404);
    expect((await put(hash, bytes.slice(8_999), rest)).status).toBe(201);
  });

  it("is the agent's for what the market says it needs, and the owner's for what was granted", async () => {
    const bytes = fresh(2_000);
    const hash = nameOf(bytes);
    await put(hash, bytes);
    readable.add(hash);
    expect(await bytesOf(await get(hash, agent))).toEqual(bytes);
    readable.delete(hash);
    expect((await get(hash, agent)).status).toBe(404);
    const output = fresh(100);
    expect((await put(nameOf(output), output, {}, agent)).status).toBe(201);
    expect((await get(nameOf(output))).status).toBe(404);
    const caller = await test.accounts.authenticate(owner);
    await test.database.transaction((tx) => test.accounts.grantBlob(tx, caller?.account ?? "0x", nameOf(output), 100));
    expect(await bytesOf(await get(nameOf(output)))).toEqual(output);
    expect(await test.accounts.ownedBlobSize(caller?.account ?? "0x", nameOf(output))).toBe(100);
  });

  it("follows the scopes of an API key", async () => {
    const bytes = fresh(10);
    const make = async (scopes: string[]) => {
      const response = await test.send("POST", "/v1/api-keys", {
        token: owner,
        key: crypto.randomUUID(),
        body: { name: "k", scopes },
      });
      return ((await response.json()) as { secret: string }).secret;
    };
    const [reader, writer] = [await make(["blobs:read"]), await make(["blobs:write"])];
    expect((await put(nameOf(bytes), bytes, {}, reader)).status).toBe(403);
    expect((await put(nameOf(bytes), bytes, {}, writer)).status).toBe(201);
    expect((await get(nameOf(bytes), writer)).status).toBe(403);
    expect((await head(nameOf(bytes), writer)).status).toBe(200);
    expect((await get(nameOf(bytes), reader)).status).toBe(200);
  });
});

describe("ranges", () => {
  it.each<[string | null, number, ReturnType<typeof rangeOf>]>([
    [null, 10, undefined],
    ["bytes=0-0", 10, { start: 0, end: 1 }],
    ["bytes=5-", 10, { start: 5, end: 10 }],
    ["bytes=5-99", 10, { start: 5, end: 10 }],
    ["bytes=-3", 10, { start: 7, end: 10 }],
    ["bytes=-30", 10, { start: 0, end: 10 }],
    ["bytes=10-", 10, "unsatisfiable"],
    ["bytes=-0", 10, "unsatisfiable"],
    ["bytes=0-", 0, "unsatisfiable"],
    ["bytes=5-4", 10, undefined],
    ["bytes=0-1,3-4", 10, undefined],
    ["bytes=-", 10, undefined],
    ["lines=0-1", 10, undefined],
    ["bytes=a-b", 10, undefined],
  ])("%s of %i bytes", (header, size, range) => {
    expect(rangeOf(header, size)).toEqual(range);
  });
});
