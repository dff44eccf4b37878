import { createHash, randomBytes } from "node:crypto";
import type { BlobHash, Hex } from "@corepool/core/hex";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../testing/api.ts";
import { until } from "../testing/market.ts";
import { type Reservation, UNFINISHED_MS } from "./reservations.ts";
import { UploadDesk } from "./upload.ts";

const KIB = 1024;
const SIZE = 90 * KIB;
let test: TestApi;
beforeAll(async () => {
  test = await testApi({ blobLimits: { bytes: 100 * KIB, blobs: 5 } });
});
afterAll(() => test.close());

/** The uploads of one account, of which each desk is another process on the same database and store. */
async function sender() {
  const wallet = privateKeyToAccount(generatePrivateKey());
  const caller = await test.accounts.authenticate(await test.signInAs(wallet));
  if (caller === undefined) throw new Error("not signed in");
  const address = wallet.address.toLowerCase() as Hex;
  const bytes = new Uint8Array(randomBytes(SIZE));
  const hash: BlobHash = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const upload = { caller, hash, size: SIZE };
  const desk = () =>
    new UploadDesk({
      blobs: test.blobs,
      reservations: test.reservations,
      // Patience takes no time here.
      clock: { ...test.clock, sleep: async () => undefined },
    });
  return {
    hash,
    desk,
    usage: () => test.reservations.usage(address),
    owned: () => test.accounts.ownedBlobSize(address, hash),
    received: () => test.reservations.received(caller, hash),
    reserve: () => test.reservations.begin(caller, hash, SIZE),
    finish: (reservation: Reservation) => test.reservations.finish(caller, reservation),
    begin: (at: UploadDesk) => at.take({ ...upload, offset: 0, bytes: ReadableStream.from([bytes.slice(0, 1)]) }),
    /** Begins as one byte, which is not what the blob is named after. */
    beginWrong: (at: UploadDesk) =>
      at.take({ caller, hash, size: 1, offset: 0, bytes: ReadableStream.from([new Uint8Array(1)]) }),
    /** A request that goes on up to byte `to` and stays open. Resolves when the store has taken its first bytes. */
    async hold(at: UploadDesk, to: number) {
      let open: ReadableStreamDefaultController<Uint8Array> | undefined;
      let pulled = false;
      const slow = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            open = controller;
            controller.enqueue(bytes.slice(1, 2));
          },
          pull() {
            pulled = true;
          },
        },
        { highWaterMark: 1 },
      );
      const outcome = at.take({ ...upload, offset: 1, bytes: slow }).then(
        () => "kept",
        (error: { code?: string }) => error.code,
      );
      await until(() => pulled || undefined);
      return {
        outcome,
        send: (from: number, until: number) => open?.enqueue(bytes.slice(from, until)),
        end: () => {
          open?.enqueue(bytes.slice(2, to));
          open?.close();
        },
      };
    },
  };
}

async function kept(): Promise<BlobHash[]> {
  const hashes: BlobHash[] = [];
  for await (const { hash } of test.blobs.unfinished()) hashes.push(hash);
  return hashes;
}
beforeEach(async () => {
  test.clock.advance(UNFINISHED_MS);
  await test.reservations.forgetExpired();
  expect(await kept()).toEqual([]);
});

describe("bytes of an upload that has lost its reservation", () => {
  it("are not kept: one that begins anew cuts off one that goes on, and waits for it", async () => {
    const a = await sender();
    const desk = a.desk();
    await a.begin(desk);
    const held = await a.hold(desk, SIZE - 1);
    await expect(a.beginWrong(desk)).rejects.toMatchObject({ code: "blob-hash-mismatch" });
    expect(await held.outcome).toBe("blob-offset-mismatch");
    expect(await a.usage()).toEqual({ bytes: 0, blobs: 0 });
    expect(await kept()).toEqual([]);
  });

  it("are not kept when another process began anew meanwhile", async () => {
    const a = await sender();
    const desk = a.desk();
    await a.begin(desk);
    const held = await a.hold(desk, SIZE - 1);
    await expect(a.beginWrong(a.desk())).rejects.toMatchObject({ code: "blob-hash-mismatch" });
    held.end();
    expect(await held.outcome).toBe("blob-offset-mismatch");
    expect(await a.usage()).toEqual({ bytes: 0, blobs: 0 });
    expect(await kept()).toEqual([]);
  });

  it("are not taken for bytes of what another process began", async () => {
    const a = await sender();
    const desk = a.desk();
    await a.begin(desk);
    const held = await a.hold(desk, SIZE - 1);
    await a.begin(a.desk());
    held.end();
    expect(await held.outcome).toBe("blob-offset-mismatch");
    expect(await a.received()).toBe(1);
    expect(await a.usage()).toEqual({ bytes: SIZE, blobs: 1 });
    expect(await kept()).toHaveLength(1);
  });

  it("are neither published nor granted when they are the last", async () => {
    const a = await sender();
    const desk = a.desk();
    await a.begin(desk);
    const held = await a.hold(desk, SIZE);
    await expect(a.beginWrong(a.desk())).rejects.toMatchObject({ code: "blob-hash-mismatch" });
    held.end();
    expect(await held.outcome).toBe("blob-offset-mismatch");
    expect(await a.owned()).toBeUndefined();
    expect(await test.blobs.size(a.hash)).toBeUndefined();
    expect(await a.usage()).toEqual({ bytes: 0, blobs: 0 });
    expect(await kept()).toEqual([]);
  });

  it("are not granted when another process begins anew while they are verified", async () => {
    const a = await sender();
    const before = await a.reserve();
    await a.begin(a.desk());
    expect(await a.finish(before)).toBe(false);
    expect(await a.owned()).toBeUndefined();
    expect(await a.received()).toBe(1);
  });

  it("are not kept when nothing came for a day", async () => {
    const a = await sender();
    const desk = a.desk();
    await a.begin(desk);
    const held = await a.hold(desk, SIZE - 1);
    test.clock.advance(UNFINISHED_MS);
    await test.reservations.forgetExpired();
    held.end();
    expect(await held.outcome).toBe("blob-offset-mismatch");
    expect(await kept()).toEqual([]);
  });

  it("are found in the store when nobody was left to throw them away", async () => {
    const a = await sender();
    await a.begin(a.desk());
    // A crash between the row and the bytes.
    const bytes = ReadableStream.from([new Uint8Array(10)]);
    await test.blobs.write(a.hash, { owner: "0xgone-000000000000", offset: 0, size: SIZE, bytes });
    expect(await kept()).toHaveLength(2);
    await test.reservations.forgetExpired();
    expect(await kept()).toHaveLength(1);
    expect(await a.received()).toBe(1);
  });
});

it("an upload that takes longer than a day keeps its reservation while bytes arrive", async () => {
  const a = await sender();
  const desk = a.desk();
  await a.begin(desk);
  const held = await a.hold(desk, SIZE);
  for (let half = 0; half < 3; half++) {
    test.clock.advance(UNFINISHED_MS / 2);
    held.send(2, 2);
    const touchedNow = async () => {
      const rows = await test.database.reader
        .selectFrom("blob_uploads")
        .select("hash")
        .where("hash", "=", a.hash)
        .where("touched_at", ">", new Date(test.clock.now() - UNFINISHED_MS / 2))
        .execute();
      return rows.length > 0 || undefined;
    };
    await until(touchedNow);
    await test.reservations.forgetExpired();
  }
  held.end();
  expect(await held.outcome).toBe("kept");
  expect(await a.owned()).toBe(SIZE);
});
