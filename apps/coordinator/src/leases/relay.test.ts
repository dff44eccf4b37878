import type { Hex } from "@corepool/core/hex";
import type { ChainReader, ChainWriter } from "@corepool/core/ports/chain";
import type { BatchRecord } from "@corepool/core/ports/store-leases";
import { leaseMarketAbi } from "@corepool/protocol/abi/lease-market.gen";
import { encodeEventTopics } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MarketContext } from "../market/context.ts";
import type { MarketStore } from "../market/documents.ts";
import { postgresStore } from "../market/store.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import { account, leaseRecord, unitRecord, workloadRecord } from "../testing/records.ts";
import { createRelay } from "./relay.ts";

let test: Awaited<ReturnType<typeof openTestDatabase>>;
let store: MarketStore;
beforeAll(async () => {
  test = await openTestDatabase();
  store = postgresStore(test.database, openEventLog(test.database.reader, systemClock));
});
afterAll(() => test.close());

const HASH: Hex = `0x${"c1".repeat(32)}`;
const BLOCK: Hex = `0x${"b1".repeat(32)}`;
const mined = { hash: HASH, blockNumber: 7n, blockHash: BLOCK, status: "success", gasUsed: 1n } as const;

const zeros = (count: number): Hex => `0x${"0".repeat(count)}`;

/** What the log of an opening begins with. */
const openedTopics = (lease: Hex) =>
  encodeEventTopics({
    abi: leaseMarketAbi,
    eventName: "LeaseOpened",
    args: { lease, client: zeros(40), provider: zeros(40) },
  }) as Hex[];

/** Runs the relay over one opening that its sender takes for mined; the chain shows `transactions` in that block. */
async function relayed(n: number, transactions: readonly Hex[], cancelRequested = true, opens = false) {
  const workload = workloadRecord(n, { state: "ordered", cancelRequested });
  const intent = `open:${n}`;
  const lease = leaseRecord(n, workload, unitRecord(n, n), { state: "opening", batch: intent, openBatch: intent });
  const batch: BatchRecord = { intent, kind: "open", to: account(9), data: "0x", leases: [lease.id], finished: false };
  await store.transaction(async (uow) => {
    await uow.workloads.put({ ...workload, lease: lease.id });
    await uow.leases.put(lease);
    await uow.batches.put(batch);
  });
  const stopping = new AbortController();
  const looked = Promise.withResolvers<void>();
  const logs: ChainReader["logs"] = async () => {
    looked.resolve();
    return transactions.map((transactionHash, logIndex) => ({
      address: account(9),
      topics: opens ? openedTopics(lease.id) : [HASH],
      data: opens ? zeros(6 * 64) : "0x",
      blockNumber: 7n,
      blockHash: BLOCK,
      transactionHash,
      logIndex,
    }));
  };
  const context = {
    domain: { chainId: 31_337, market: account(9) },
    clock: systemClock,
    random: systemRandom,
    chain: { logs },
  } as unknown as MarketContext;
  const writer: ChainWriter = { address: account(8), send: async () => mined };
  const troubles: unknown[] = [];
  const relay = createRelay({
    context,
    store,
    writer,
    notifier: { notify: () => Promise.resolve(), subscribe: () => () => undefined },
    projected: () => Promise.resolve(),
    onTrouble: (error) => void troubles.push(error),
  });
  const running = relay.run(stopping.signal);
  await looked.promise;
  await systemClock.sleep(300);
  stopping.abort();
  await running;
  expect(troubles).toEqual([]);
  const after = await store.transaction((uow) => uow.workloads.get(workload.id));
  return store.transaction(async (uow) => ({
    placedAt: after?.state === "pending" ? after.placedAt : undefined,
    state: (await uow.leases.get(lease.id))?.state,
    waiting: (await uow.batches.unfinished()).some((each) => each.intent === intent),
  }));
}

describe("an opening that is mined", () => {
  it("is waited for again when a re-org has taken its block", async () => {
    expect(await relayed(1, [`0x${"d2".repeat(32)}`])).toMatchObject({ state: "opening", waiting: true });
  });

  it("has failed when its block shows it and the lease is not among what it opened", async () => {
    expect(await relayed(2, [HASH])).toMatchObject({ state: "failed", waiting: false });
  });

  it("is waited for again while its block says that it opened and the projection still has another branch", async () => {
    expect(await relayed(4, [HASH], true, true)).toMatchObject({ state: "opening", waiting: true });
  });

  it("leaves a workload that no other unit can take to be ended when its client does nothing", async () => {
    expect(await relayed(3, [HASH], false)).toMatchObject({ state: "failed", placedAt: expect.any(Number) });
  });
});
