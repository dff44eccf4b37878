import { afterAll, beforeAll, expect, it } from "vitest";
import { tellClosed } from "../gateway/closed.ts";
import type { MarketContext } from "../market/context.ts";
import { postgresStore } from "../market/store.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import { attemptRecord, leaseRecord, unitRecord, workloadRecord } from "../testing/records.ts";
import { failLease } from "./reconcile.ts";

let test: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const context = { clock: systemClock, random: systemRandom } as unknown as MarketContext;

it("ends a workload that ran under an opening which a re-org took back for good, and lets its agent forget it", async () => {
  const store = postgresStore(test.database, openEventLog(test.database.reader, systemClock));
  const told = await store.transaction(async (uow) => {
    const workload = workloadRecord(1, { state: "finishing" });
    const lease = leaseRecord(1, workload, unitRecord(1, 1), { state: "opening" });
    const attempt = attemptRecord(1, workload, lease, { state: "ended", reason: "exited", exitCode: 0 });
    await uow.workloads.put({ ...workload, lease: lease.id });
    await uow.leases.put(lease);
    await uow.attempts.put(attempt);
    const kept = [{ attempt: attempt.id, state: "ended" }];
    // While the opening may still come again, the agent keeps what it has.
    expect(await tellClosed(uow, lease.machine, kept)).toEqual([]);
    await failLease(uow, context, lease, "The lease was not opened: UnitBusy.");
    expect(await uow.workloads.get(workload.id)).toMatchObject({ state: "failed", reason: "lease-lost" });
    return tellClosed(uow, lease.machine, kept);
  });
  expect(told).toMatchObject([{ type: "closed", body: { paid: "0" } }]);
});

it("asks the agent of such a workload to stop what still runs", async () => {
  const store = postgresStore(test.database, openEventLog(test.database.reader, systemClock));
  const box = await store.transaction(async (uow) => {
    const workload = workloadRecord(2, { state: "running" });
    const lease = leaseRecord(2, workload, unitRecord(2, 2), { state: "opening" });
    await uow.workloads.put({ ...workload, lease: lease.id });
    await uow.leases.put(lease);
    await uow.attempts.put(attemptRecord(2, workload, lease, { state: "running" }));
    await failLease(uow, context, lease, "The lease was not opened: UnitBusy.");
    return uow.messages.of(lease.machine);
  });
  expect(box.map(({ message }) => message.type)).toEqual(["stop"]);
});
