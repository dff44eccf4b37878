import type { Hex } from "@corepool/core/hex";
import { move } from "@corepool/core/transitions";
import { WORKLOAD } from "@corepool/core/workload";
import {
  closeData,
  digestOf,
  documentHash,
  leaseOverData,
  type MarketDomain,
  paymentNoteData,
  usageReportData,
} from "@corepool/protocol/eip712";
import { timestamp } from "@corepool/protocol/primitives";
import fc from "fast-check";
import { generatePrivateKey, privateKeyToAccount, sign } from "viem/accounts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { closeLease } from "../leases/close.ts";
import { type MarketContext, timestampOf } from "../market/context.ts";
import type { MarketStore, Uow } from "../market/documents.ts";
import { postgresStore } from "../market/store.ts";
import { announce } from "../offers/announce.ts";
import { takeNote } from "../payments/pay.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import { systemRandom } from "../platform/adapters/system-random.ts";
import { openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import {
  account,
  attemptRecord,
  leaseRecord,
  machineRecord,
  onChain,
  termsOf,
  unitRecord,
  workloadRecord,
} from "../testing/records.ts";
import { cancelWorkload } from "./cancel.ts";
import { moveWorkload } from "./moves.ts";
import { attemptEnded, attemptMoved, TIMELINE_ENTRIES } from "./progress.ts";

let test: Awaited<ReturnType<typeof openTestDatabase>>;
let store: MarketStore;
beforeAll(async () => {
  test = await openTestDatabase();
  store = postgresStore(test.database, openEventLog(test.database.reader, systemClock));
});
afterAll(() => test.close());

const domain: MarketDomain = { chainId: 31_337, market: account(0x99) };
const context = {
  domain,
  clock: systemClock,
  random: systemRandom,
  tokens: [],
  closeWindowSeconds: 1_800,
} as unknown as MarketContext;
const [providerKey, leaseKey] = [generatePrivateKey(), generatePrivateKey()];
const provider = privateKeyToAccount(providerKey).address.toLowerCase() as Hex;
const signWith = (key: Hex, data: Parameters<typeof digestOf>[0]) =>
  sign({ hash: digestOf(data), privateKey: key, to: "hex" });

let made = 0;

/** A leased workload with an open lease, of its own machine. */
async function leased() {
  const n = ++made;
  const machine = machineRecord(n, { provider });
  const unit = { ...unitRecord(n, n), provider };
  const start = Math.floor(systemClock.now() / 1_000) - 30;
  const lease = leaseRecord(n, workloadRecord(n), unit, {
    state: "open",
    provider,
    key: privateKeyToAccount(leaseKey).address.toLowerCase() as Hex,
  });
  const workload = workloadRecord(n, { state: "leased", lease: lease.id });
  const attempt = attemptRecord(n, workload, lease);
  await store.transaction(async (uow) => {
    await uow.machines.put(machine);
    await uow.units.replace(machine.id, [unit]);
    await uow.workloads.put(workload);
    await uow.leases.put(lease);
    await uow.attempts.put(attempt);
    await uow.chain.putLease(1n, onChain(lease, { terms: termsOf(lease, { start, end: start + 60 }) }));
  });
  return { machine, unit, workload, lease, attempt };
}

/** Every message and command that may reach a leased workload. */
async function commandsFor({ machine, lease, attempt, unit, workload }: Awaited<ReturnType<typeof leased>>) {
  const report = {
    lease: lease.id,
    attempt: attempt.id,
    startedAtMs: "1000",
    endedAtMs: "9000",
    frozenMs: "0",
    cpuMs: "1",
    maxRssBytes: "1",
    exitCode: 0,
    reason: "exited",
    outputs: documentHash([]),
  };
  const signature = await signWith(providerKey, usageReportData(domain, report));
  const notes = await Promise.all(
    [10n, 20n, 30n].map(async (total) => ({
      total,
      signature: await signWith(leaseKey, paymentNoteData(domain, lease.id, total)),
      over: total === 30n ? await signWith(leaseKey, leaseOverData(domain, lease.id, total)) : null,
    })),
  );
  const closeSignature = await signWith(providerKey, closeData(domain, lease.id, 30n));
  const moved = (state: "preparing" | "running" | "frozen" | "collecting", at: number) => (uow: Uow) =>
    attemptMoved(uow, context, machine.id, { attempt: attempt.id, state, at, note: null });
  return [
    moved("preparing", 1_000),
    moved("running", 2_000),
    moved("frozen", 3_000),
    moved("running", 4_000),
    moved("collecting", 8_000),
    (uow: Uow) =>
      attemptEnded(uow, context, machine.id, { attempt: attempt.id, report, signature, outputs: [], detail: null }),
    ...notes.map((note) => async (uow: Uow) => {
      const now = await uow.leases.lock(lease.id);
      // A smaller note after a larger one is refused, which changes nothing.
      if (now !== undefined) await takeNote(uow, context, now, note).catch(() => undefined);
    }),
    (uow: Uow) =>
      closeLease(uow, context, machine.id, {
        lease: lease.id,
        total: 30n,
        noteSignature: notes[2]?.signature ?? null,
        closeSignature,
      }),
    (uow: Uow) => announce(uow, context, { id: machine.id, provider }, { units: [unit.spec], offers: [] }),
    async (uow: Uow) => {
      await cancelWorkload(uow, context, workload.account, workload.id);
    },
  ];
}

describe("messages and commands that come three times each, in any order", () => {
  it("lead to the same state", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 60, maxLength: 60 }), async (draws) => {
        const all = await leased();
        const commands = await commandsFor(all);
        const queue = [...commands, ...commands, ...commands];
        for (const draw of draws) {
          const [next] = queue.splice(draw % Math.max(1, queue.length), 1);
          if (next !== undefined) await store.transaction(next);
        }
        expect(queue).toEqual([]);
        const { workload, lease, attempt, box } = await store.transaction(async (uow) => ({
          workload: await uow.workloads.get(all.workload.id),
          lease: await uow.leases.get(all.lease.id),
          attempt: await uow.attempts.get(all.attempt.id),
          box: await uow.messages.of(all.machine.id),
        }));
        expect(attempt).toMatchObject({ state: "ended", exitCode: 0, reason: "exited" });
        expect(workload).toMatchObject({ state: "finishing", cancelRequested: true });
        expect(lease).toMatchObject({ state: "closing", noteTotal: 30n, close: { total: 30n } });
        expect(box.filter(({ key }) => !key.startsWith("note:"))).toEqual([]);
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});

describe("times that an agent makes up", () => {
  it("can still be shown to the client", async () => {
    const { machine, attempt } = await leased();
    for (const [state, at] of [
      ["preparing", -Number.MAX_SAFE_INTEGER],
      ["running", Number.MAX_SAFE_INTEGER],
    ] as const) {
      const news = { attempt: attempt.id, state, at, note: null };
      await store.transaction((uow) => attemptMoved(uow, context, machine.id, news));
    }
    const found = await store.transaction((uow) => uow.attempts.get(attempt.id));
    expect(found?.state).toBe("running");
    for (const { at } of found?.timeline ?? []) expect(timestamp.parse(timestampOf(at))).toBe(timestampOf(at));
    expect(found?.timeline.map(({ state }) => state)).toContain("preparing");
  });

  it("do not let its timeline grow without end", async () => {
    const { machine, attempt } = await leased();
    const timeline = Array.from({ length: TIMELINE_ENTRIES }, (_, at) => ({ state: "running", at, note: null }));
    await store.transaction((uow) => uow.attempts.put({ ...attempt, state: "running", timeline }));
    const news = { attempt: attempt.id, state: "frozen", at: 9_000_000, note: null } as const;
    await store.transaction((uow) => attemptMoved(uow, context, machine.id, news));
    const found = await store.transaction((uow) => uow.attempts.get(attempt.id));
    expect(found?.timeline).toHaveLength(TIMELINE_ENTRIES);
    expect(found?.timeline.at(0)).toMatchObject({ at: 0 });
    expect(found?.timeline.at(-1)).toMatchObject({ state: "frozen" });
  });
});

describe("a workload that has ended", () => {
  it("makes no further move, whatever is asked, and stays as it was", async () => {
    for (const state of ["succeeded", "failed", "cancelled"] as const) {
      const workload = workloadRecord(++made, { state, endedAt: 5 });
      await store.transaction((uow) => uow.workloads.put(workload));
      for (const to of Object.keys(WORKLOAD) as (keyof typeof WORKLOAD)[]) {
        const moving = store.transaction((uow) => moveWorkload(uow, systemClock, workload, to));
        await expect(moving, `${state} to ${to}`).rejects.toMatchObject({ code: "illegal-transition" });
      }
      expect(await store.transaction((uow) => uow.workloads.get(workload.id))).toEqual(workload);
    }
    expect(() => move(WORKLOAD, "w", "pending", "running")).toThrow("cannot become running");
  });
});
