import { randomBytes } from "node:crypto";
import type { Address, BlobHash, Hex } from "@corepool/core/hex";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { unitOfWork } from "../market/store.ts";
import { type TestApi, testApi } from "../testing/api.ts";
import { attemptRecord, leaseRecord, unitRecord, workloadRecord } from "../testing/records.ts";
import { DELIVERED_MS } from "./accounts.ts";

const HOUR = 3_600_000;
let test: TestApi;
beforeAll(async () => {
  test = await testApi();
});
afterAll(() => test.close());

const hash = `sha256:${"ab".repeat(32)}` as BlobHash;
const SIZE = 100;
let provider: Address;
let machine: Hex;
let number = 0;
beforeEach(() => {
  provider = `0x${randomBytes(20).toString("hex")}`;
  machine = `0x${randomBytes(32).toString("hex")}`;
});

/** An attempt on the machine, which moves as told. */
async function attempt() {
  number++;
  const unit = unitRecord(number, 1);
  const workload = workloadRecord(number);
  const lease = leaseRecord(number, workload, unit);
  const record = attemptRecord(number, workload, lease, { machine, provider, createdAt: test.clock.now() });
  const put = (state: typeof record.state) =>
    test.database.transaction((tx) =>
      unitOfWork(tx, { append: async () => undefined } as never).attempts.put({ ...record, state }),
    );
  await test.database.transaction((tx) =>
    unitOfWork(tx, { append: async () => undefined } as never).workloads.put(workload),
  );
  await put("running");
  return { collects: () => put("collecting"), ends: () => put("ended") };
}
const deliver = (by = machine) => test.accounts.grantBlob(test.database.reader, provider, hash, SIZE, by);
/** What the provider has, whether or not the expired was taken back yet: that must make no difference. */
async function owned(): Promise<number | undefined> {
  const before = await test.accounts.ownedBlobSize(provider, hash);
  await test.accounts.forgetExpired();
  expect(await test.accounts.ownedBlobSize(provider, hash)).toBe(before);
  const { blobs } = await test.reservations.usage(provider);
  expect(blobs).toBe(before === undefined ? 0 : 1);
  return before;
}

describe("what an agent delivered", () => {
  it("is its provider's while its attempt lives, and for a day after the report, however late that comes", async () => {
    const late = await attempt();
    await deliver();
    test.clock.advance(5 * DELIVERED_MS);
    expect(await owned()).toBe(SIZE);
    await late.ends();
    await test.accounts.deliveryReported(machine, [hash]);
    test.clock.advance(DELIVERED_MS - HOUR);
    expect(await owned()).toBe(SIZE);
    test.clock.advance(HOUR);
    expect(await owned()).toBeUndefined();
  });

  it("is not held by attempts that came later, nor by those of other machines", async () => {
    await deliver();
    test.clock.advance(HOUR);
    await attempt();
    machine = `0x${randomBytes(32).toString("hex")}`;
    await attempt();
    test.clock.advance(DELIVERED_MS - HOUR);
    expect(await owned()).toBeUndefined();
  });

  it("is not held by a long attempt once another one has reported it", async () => {
    await attempt();
    const short = await attempt();
    await deliver();
    await short.ends();
    await test.accounts.deliveryReported(machine, [hash]);
    test.clock.advance(DELIVERED_MS);
    expect(await owned()).toBeUndefined();
  });

  it("is held when another attempt hands over the same, or another machine does", async () => {
    const [one, two] = [await attempt(), await attempt()];
    await deliver();
    await two.collects();
    await one.ends();
    await test.accounts.deliveryReported(machine, [hash]);
    test.clock.advance(2 * DELIVERED_MS);
    expect(await owned()).toBe(SIZE);
    const first = machine;
    machine = `0x${randomBytes(32).toString("hex")}`;
    const three = await attempt();
    await deliver();
    await three.ends();
    await test.accounts.deliveryReported(machine, [hash]);
    test.clock.advance(2 * DELIVERED_MS);
    expect(await owned()).toBe(SIZE);
    await two.ends();
    await test.accounts.deliveryReported(first, [hash]);
    test.clock.advance(DELIVERED_MS);
    expect(await owned()).toBeUndefined();
  });

  it("ends after a day when nothing on its machine can report it, and no sooner for being taken back late", async () => {
    await deliver();
    test.clock.advance(DELIVERED_MS - HOUR);
    expect(await owned()).toBe(SIZE);
    test.clock.advance(HOUR);
    expect(await owned()).toBeUndefined();
  });

  it("is an account's for good when the account uploaded it itself", async () => {
    await test.accounts.grantBlob(test.database.reader, provider, hash, SIZE);
    await deliver();
    await test.accounts.deliveryReported(machine, [hash]);
    test.clock.advance(2 * DELIVERED_MS);
    expect(await owned()).toBe(SIZE);
  });
});
