import { createHash, randomBytes } from "node:crypto";
import type { BlobHash, Hex } from "@corepool/core/hex";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DELIVERED_MS } from "../accounts/accounts.ts";
import { problem, type TestApi, testApi } from "../testing/api.ts";
import { UNFINISHED_MS } from "./reservations.ts";

const KIB = 1024;
const LIMITS = { bytes: 100 * KIB, blobs: 5 };
let test: TestApi;
beforeAll(async () => {
  test = await testApi({ blobLimits: LIMITS });
});
afterAll(() => test.close());

const fresh = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const nameOf = (bytes: Uint8Array): BlobHash => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
/** A signed-in account with nothing stored. */
async function account() {
  const wallet = privateKeyToAccount(generatePrivateKey());
  const address = wallet.address.toLowerCase() as Hex;
  return { token: await test.signInAs(wallet), usage: () => test.reservations.usage(address), address };
}
/** Sends bytes [from, to) of a blob. */
const send = (token: string, bytes: Uint8Array, from = 0, to = bytes.length, size = bytes.length) =>
  test.send("PUT", `/v1/blobs/${nameOf(bytes)}`, {
    token,
    body: bytes.slice(from, to),
    headers: { "upload-length": String(size), "upload-offset": String(from) },
  });
const read = async (token: string, bytes: Uint8Array): Promise<number> => {
  const response = await test.send("GET", `/v1/blobs/${nameOf(bytes)}`, { token });
  await response.arrayBuffer();
  return response.status;
};
const head = (token: string, bytes: Uint8Array) => test.send("HEAD", `/v1/blobs/${nameOf(bytes)}`, { token });

describe("uploads of the same blob by several accounts", () => {
  it("do not disturb each other, and whoever ends first publishes", async () => {
    const [a, b, c] = [await account(), await account(), await account()];
    const bytes = fresh(20 * KIB);
    expect((await send(a.token, bytes, 0, 15 * KIB)).status).toBe(202);
    expect((await send(b.token, bytes, 0, 5 * KIB)).status).toBe(202);
    // A third one sends rubbish under the same name.
    const forged = await test.send("PUT", `/v1/blobs/${nameOf(bytes)}`, {
      token: c.token,
      body: new Uint8Array(20 * KIB),
      headers: { "upload-length": String(20 * KIB) },
    });
    expect(forged.status).toBe(422);
    expect((await head(a.token, bytes)).headers.get("upload-offset")).toBe(String(15 * KIB));
    expect((await head(b.token, bytes)).headers.get("upload-offset")).toBe(String(5 * KIB));
    expect((await send(a.token, bytes, 15 * KIB)).status).toBe(201);
    // It is there now; to the others that is no different from before.
    expect((await head(b.token, bytes)).headers.get("upload-offset")).toBe(String(5 * KIB));
    expect(await read(b.token, bytes)).toBe(404);
    expect((await send(b.token, bytes, 5 * KIB, 6 * KIB)).status).toBe(202);
    expect(await read(b.token, bytes)).toBe(404);
    expect((await send(b.token, bytes, 6 * KIB)).status).toBe(201);
    expect(await read(b.token, bytes)).toBe(200);
    expect((await problem(await send(c.token, bytes, 19 * KIB))).code).toBe("blob-offset-mismatch");
    expect(await read(c.token, bytes)).toBe(404);
    expect(await b.usage()).toEqual({ bytes: 20 * KIB, blobs: 1 });
    expect(await c.usage()).toEqual({ bytes: 0, blobs: 0 });
  });

  it("keep two machines of one provider apart", async () => {
    const provider = `0x${randomBytes(20).toString("hex")}` as const;
    const machine = () => test.accounts.issueAgentToken(provider, `0x${randomBytes(32).toString("hex")}`);
    const [one, two] = [await machine(), await machine()];
    const bytes = fresh(8 * KIB);
    await send(one, bytes, 0, 3 * KIB);
    expect((await head(two, bytes)).headers.get("upload-offset")).toBe("0");
    expect((await send(two, bytes)).status).toBe(201);
    expect((await send(one, bytes, 3 * KIB)).status).toBe(201);
    expect(await test.reservations.usage(provider)).toEqual({ bytes: 8 * KIB, blobs: 1 });
    const other = fresh(6 * KIB);
    for (const token of [one, two]) await send(token, other, 0, 1);
    expect(await test.reservations.usage(provider)).toEqual({ bytes: 20 * KIB, blobs: 2 });
  });
});

describe("the quota of an account", () => {
  it("counts bytes from the first part on, and says what is used and free", async () => {
    const a = await account();
    expect((await send(a.token, fresh(60 * KIB), 0, 1)).status).toBe(202);
    const refused = await send(a.token, fresh(41 * KIB), 0, 1);
    expect(refused.status).toBe(403);
    const told = (await problem(refused)) as unknown as { code: string; data: Record<string, unknown> };
    expect(told.code).toBe("blob-quota-reached");
    expect(told.data).toEqual({
      used: { bytes: 60 * KIB, blobs: 1 },
      free: { bytes: 40 * KIB, blobs: 4 },
      limits: LIMITS,
    });
    const last = fresh(40 * KIB);
    expect((await send(a.token, last)).status).toBe(201);
    expect((await problem(await send(a.token, fresh(1)))).code).toBe("blob-quota-reached");
    // Another account's room is its own.
    expect((await send((await account()).token, last)).status).toBe(201);
  });

  it("counts blobs", async () => {
    const a = await account();
    for (let i = 0; i < LIMITS.blobs; i++) expect((await send(a.token, fresh(10 + i))).status).toBe(201);
    expect((await problem(await send(a.token, fresh(10)))).code).toBe("blob-quota-reached");
  });

  it("is not exceeded by uploads that begin at once", async () => {
    const a = await account();
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(a.token, fresh(30 * KIB), 0, 10)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 403)).toHaveLength(17);
    expect(await a.usage()).toEqual({ bytes: 90 * KIB, blobs: 3 });
  });

  it("counts the same upload once, however often and at once it is begun", async () => {
    const a = await account();
    const bytes = fresh(60 * KIB);
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(a.token, bytes)));
    for (const { status } of answers) expect(status).toBe(201);
    expect(await a.usage()).toEqual({ bytes: 60 * KIB, blobs: 1 });
  });

  it("holds an upload to the size that it reserved", async () => {
    const a = await account();
    const bytes = fresh(50 * KIB);
    await send(a.token, bytes, 0, 10, 50 * KIB);
    expect((await problem(await send(a.token, bytes, 10, 20, 90 * KIB))).code).toBe("bad-request");
    const long = await test.send("PUT", `/v1/blobs/${nameOf(bytes)}`, {
      token: a.token,
      body: fresh(60 * KIB),
      headers: { "upload-length": String(50 * KIB), "upload-offset": "10" },
    });
    expect((await problem(long)).code).toBe("blob-too-large");
    expect(await a.usage()).toEqual({ bytes: 0, blobs: 0 });
  });

  it("is given back when the bytes are others, and when nobody goes on with an upload", async () => {
    const a = await account();
    const bytes = fresh(90 * KIB);
    await test.send("PUT", `/v1/blobs/${nameOf(bytes)}`, {
      token: a.token,
      body: bytes.toReversed(),
      headers: { "upload-length": String(90 * KIB) },
    });
    expect(await a.usage()).toEqual({ bytes: 0, blobs: 0 });
    const caller = await test.accounts.authenticate(a.token);
    if (caller === undefined) throw new Error("not signed in");
    expect((await send(a.token, bytes, 0, 100)).status).toBe(202);
    test.clock.advance(UNFINISHED_MS / 2);
    expect(await test.reservations.goOn(caller, nameOf(bytes))).toMatchObject({ sizeBytes: 90 * KIB });
    test.clock.advance(UNFINISHED_MS / 2 + 1);
    await test.reservations.forgetExpired();
    expect((await a.usage()).blobs).toBe(1);
    test.clock.advance(UNFINISHED_MS / 2);
    await test.reservations.forgetExpired();
    expect(await a.usage()).toEqual({ bytes: 0, blobs: 0 });
    for await (const { hash } of test.blobs.unfinished()) expect(hash).not.toBe(nameOf(bytes));
    const again = await account();
    expect((await send(again.token, bytes)).status).toBe(201);
  });

  it("takes what an agent delivered off its provider's account after a day", async () => {
    const provider = `0x${randomBytes(20).toString("hex")}` as const;
    const agent = await test.accounts.issueAgentToken(provider, `0x${randomBytes(32).toString("hex")}`);
    const output = fresh(90 * KIB);
    expect((await send(agent, output)).status).toBe(201);
    expect((await problem(await send(agent, fresh(20 * KIB)))).code).toBe("blob-quota-reached");
    test.clock.advance(DELIVERED_MS);
    await test.reservations.forgetExpired();
    expect(await test.reservations.usage(provider)).toEqual({ bytes: 0, blobs: 0 });
    expect(await test.blobs.size(nameOf(output))).toBe(90 * KIB);
  });
});

describe("a request that begins an upload anew", () => {
  it("takes the place of one that has stopped sending", async () => {
    const a = await account();
    const bytes = fresh(30 * KIB);
    const caller = await test.accounts.authenticate(a.token);
    if (caller === undefined) throw new Error("not signed in");
    const { UploadDesk } = await import("./upload.ts");
    const desk = new UploadDesk({
      blobs: test.blobs,
      reservations: test.reservations,
      clock: { ...test.clock, sleep: async () => undefined },
    });
    const upload = { caller, hash: nameOf(bytes), offset: 0, size: bytes.length };
    const stuck = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes.slice(0, 10)),
      pull: () => new Promise(() => undefined),
    });
    const first = desk.take({ ...upload, bytes: stuck });
    const outcome = expect(first).rejects.toMatchObject({ code: "blob-offset-mismatch" });
    expect(await desk.take({ ...upload, bytes: ReadableStream.from([bytes]) })).toMatchObject({ complete: true });
    await outcome;
    expect(await a.usage()).toEqual({ bytes: 30 * KIB, blobs: 1 });
  });
});
