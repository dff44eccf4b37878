import { place } from "@corepool/core/placement";
import type { PlacementRequest } from "@corepool/core/placement-request";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MarketStore, Uow } from "../market/documents.ts";
import {
  account,
  attemptRecord,
  bytes32,
  CLIENT,
  leaseRecord,
  machineRecord,
  offerRecord,
  onChain,
  PROVIDER,
  TOKEN,
  unitRecord,
  workloadRecord,
} from "./records.ts";

const GIB = 2 ** 30;

/** A machine with two units that share a device and one that does not, each with an open offer. */
async function stock(uow: Uow, machine = 1): Promise<ReturnType<typeof unitRecord>[]> {
  const whole = unitRecord(machine, machine * 10, { devices: ["cpu:0", "cpu:1"] });
  const half = unitRecord(machine, machine * 10 + 1, { devices: ["cpu:1"] });
  const apart = unitRecord(machine, machine * 10 + 2, { devices: ["cpu:2"] });
  const units = [whole, half, apart];
  await uow.machines.put(machineRecord(machine));
  await uow.units.replace(bytes32(machine), units);
  await uow.offers.replace(
    bytes32(machine),
    units.map((unit) => offerRecord(unit.unit, unit, { rate: BigInt(unit.unit) })),
  );
  return units;
}

const requestOf = (changes: Partial<PlacementRequest> = {}): PlacementRequest => ({
  resources: { cpus: 1, memoryBytes: 1, diskBytes: 1, gpus: { count: 0 } },
  durationSeconds: 60,
  needs: [],
  token: TOKEN,
  requireCgroup: false,
  client: CLIENT,
  at: 100,
  ...changes,
});

/** What every store must do. `open` gives an empty one. */
export function storeConformance(name: string, open: () => Promise<MarketStore>): void {
  const inStore = async <T>(work: (uow: Uow, store: MarketStore) => Promise<T>): Promise<T> => {
    const store = await open();
    return store.transaction((uow) => work(uow, store));
  };

  describe(`the store ${name}`, () => {
    it("gives back what was put, the newest of it", () =>
      inStore(async (uow) => {
        const [unit] = await stock(uow);
        if (unit === undefined) throw new Error("no unit");
        expect(await uow.machines.get(bytes32(1))).toEqual(machineRecord(1));
        expect(await uow.machines.get(bytes32(9))).toBeUndefined();
        await stock(uow, 2);
        const units = async (...machines: number[]) =>
          (await uow.units.ofMachines(machines.map(bytes32))).map((each) => each.unit);
        expect([await units(1), await units(2, 1), await units(9), await units()]).toEqual([
          [10, 11, 12],
          [10, 11, 12, 20, 21, 22],
          [],
          [],
        ]);
        expect((await uow.units.ofMachines([bytes32(1)]))[0]).toEqual(unit);
        const workload = workloadRecord(1, {
          placed: {
            offerId: "ofr_1",
            signed: offerRecord(1, unit).signed,
            escrow: 2n ** 127n,
            leaseSeq: 3,
            providerPublicKey: "0x04",
            refusals: [],
          },
          placedAt: 1_234,
          outputs: [{ path: "a", hash: `sha256:${"a".repeat(64)}`, sizeBytes: 3 }],
        });
        await uow.workloads.put(workload);
        expect(await uow.workloads.lock(workload.id)).toEqual(workload);
        const lease = leaseRecord(1, workload, unit, {
          close: { total: 2n ** 100n, noteSignature: null, signature: "0x12" },
          lastAnswer: { at: 99_999, by: "a run", monotonicMs: 1.5, chainSeconds: 7, heldMs: 0.25 },
        });
        await uow.leases.put(lease);
        await uow.leases.put({ ...lease, noteTotal: 7n });
        expect(await uow.leases.get(lease.id)).toEqual({ ...lease, noteTotal: 7n });
        const attempt = attemptRecord(1, workload, lease, {
          exitCode: -1,
          timeline: [{ state: "x", at: 1, note: null }],
        });
        await uow.attempts.put(attempt);
        expect(await uow.attempts.ofWorkload(workload.id)).toEqual([attempt]);
        expect(await uow.attempts.live(lease.machine)).toEqual([attempt]);
        await uow.attempts.put({ ...attempt, state: "ended" });
        expect(await uow.attempts.live(lease.machine)).toEqual([]);
      }));

    it("keeps nothing of a transaction that fails", async () => {
      const store = await open();
      const failing = store.transaction(async (uow) => {
        await uow.machines.put(machineRecord(1));
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await store.transaction((uow) => uow.machines.get(bytes32(1)))).toBeUndefined();
    });

    it("calls a unit busy while a lease, ours or only the chain's, holds one of its devices", () =>
      inStore(async (uow) => {
        const [whole, half] = await stock(uow);
        if (whole === undefined || half === undefined) throw new Error("no units");
        const busy = async () => (await uow.offers.matching({}, 10)).filter((o) => o.busy).map((o) => o.unit);
        const workload = workloadRecord(1);
        await uow.workloads.put(workload);
        for (const state of ["ordered", "opening", "open", "closing"] as const) {
          await uow.leases.put(leaseRecord(1, workload, half, { state }));
          expect(await busy(), state).toEqual([10, 11]);
        }
        for (const state of ["closed", "failed"] as const) {
          await uow.leases.put(leaseRecord(1, workload, half, { state }));
          expect(await busy(), state).toEqual([]);
        }
        await uow.chain.putUnit(1n, PROVIDER, 12, { nextSeq: 0, lease: bytes32(5) });
        expect(await busy()).toEqual([12]);
        expect((await uow.offers.matching({ free: true }, 10)).map((o) => o.unit)).toEqual([10, 11]);
      }));

    it("may keep offers that do not fit, and never drops one that does", () =>
      inStore(async (uow) => {
        const integer = fc.integer({ min: 1, max: 4 });
        let made = 0;
        const unit = fc.record({
          cpus: integer,
          memory: integer,
          disk: integer,
          rate: integer,
          min: integer,
          max: integer,
        });
        await fc.assert(
          fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 8 }), unit, async (units, asked) => {
            const records = units.map((u, i) =>
              unitRecord(3, i, {
                resources: { cpus: u.cpus, memoryBytes: u.memory * GIB, diskBytes: u.disk * GIB, gpus: [] },
              }),
            );
            await uow.machines.put(machineRecord(3));
            await uow.units.replace(bytes32(3), records);
            const offers = units.map((u, i) =>
              offerRecord(100 + i, records[i] ?? unitRecord(3, i), {
                hash: bytes32(1_000_000 + ++made),
                id: `ofr_${String(made).padStart(26, "0")}`,
                rate: BigInt(u.rate),
                minSeconds: u.min,
                maxSeconds: u.min + u.max,
              }),
            );
            await uow.offers.replace(bytes32(3), offers);
            const request = requestOf({
              resources: {
                cpus: asked.cpus,
                memoryBytes: asked.memory * GIB,
                diskBytes: asked.disk * GIB,
                gpus: { count: 0 },
              },
              durationSeconds: asked.min,
              maxRate: BigInt(asked.rate),
            });
            const view = (o: Awaited<ReturnType<Uow["offers"]["matching"]>>[number]) => ({
              ...o,
              offerId: o.id,
              resources: o.spec.resources,
              software: o.spec.software,
              limits: o.spec.isolation.limits,
              weaknesses: o.spec.isolation.weaknesses,
              client: o.client ?? undefined,
              reserved: false,
            });
            const all = place(request, (await uow.offers.matching({}, 100)).map(view));
            const kept = await uow.offers.matching(
              {
                ...request.resources,
                gpus: 0,
                token: TOKEN,
                maxRate: request.maxRate,
                durationSeconds: asked.min,
                at: 100,
                free: true,
              },
              100,
            );
            const ids = new Set(kept.map((o) => o.id));
            for (const candidate of all.candidates) expect(ids.has(candidate.offerId)).toBe(true);
          }),
          { numRuns: 25 },
        );
      }));

    it("hands a waiting lease to one batch only, and adds up what is on its way", async () => {
      const store = await open();
      await store.transaction(async (uow) => {
        const [whole, half] = await stock(uow);
        const workload = workloadRecord(1);
        await uow.workloads.put(workload);
        for (const [n, unit] of [whole, half].entries()) {
          if (unit !== undefined) await uow.leases.put(leaseRecord(n + 1, workload, unit));
        }
      });
      const claimed = await store.transaction(async (first) => {
        const mine = await first.leases.claim("ordered", 1);
        const theirs = await store.transaction((second) => second.leases.claim("ordered", 10));
        return [mine.length, theirs.length, mine[0]?.id === theirs[0]?.id];
      });
      expect(claimed).toEqual([1, 1, false]);
      await store.transaction(async (uow) => {
        expect(await uow.leases.inFlight(TOKEN, CLIENT)).toBe(600n);
        expect(await uow.leases.inFlight(TOKEN, account(1))).toBe(0n);
        expect([...(await uow.leases.nonces(TOKEN, CLIENT, null))].sort((a, b) => a - b)).toEqual([1, 2]);
        expect(await uow.leases.nonces(TOKEN, CLIENT, "mdt_1")).toEqual([]);
      });
    });

    it("keeps messages until they are acknowledged, the newest of a key", () =>
      inStore(async (uow) => {
        const note = (total: string) =>
          ({ type: "note", body: { lease: bytes32(1), total, signature: "0x", over: null } }) as const;
        await uow.messages.put(bytes32(1), "a", note("1"));
        await uow.messages.put(bytes32(1), "b", note("2"));
        await uow.messages.put(bytes32(1), "a", note("3"));
        await uow.messages.put(bytes32(2), "a", note("4"));
        const box = await uow.messages.of(bytes32(1));
        expect(box.map(({ message }) => message)).toEqual([note("2"), note("3")]);
        await uow.messages.acknowledge(bytes32(1), box[0]?.seq ?? 0n);
        await uow.messages.drop(bytes32(1), "nothing");
        expect((await uow.messages.of(bytes32(1))).map(({ key }) => key)).toEqual(["a"]);
      }));

    it("takes a block back exactly", () =>
      inStore(async (uow) => {
        const lease = onChain(leaseRecord(1, workloadRecord(1), unitRecord(1, 1)));
        await uow.chain.putLease(1n, lease);
        await uow.chain.putAccount(1n, TOKEN, CLIENT, { cash: 5n, escrowed: 1n });
        await uow.chain.putAccount(2n, TOKEN, CLIENT, { cash: 6n, escrowed: 0n });
        await uow.chain.putAccount(2n, TOKEN, CLIENT, { cash: 7n, escrowed: 0n });
        await uow.chain.putLease(2n, { ...lease, live: false, paid: 2n ** 127n, closeBlock: 2n });
        await uow.chain.putFees({
          token: TOKEN,
          block: 2n,
          logIndex: 1,
          transaction: bytes32(1),
          burned: 1n,
          sunk: 2n,
        });
        expect((await uow.chain.feesAfter(TOKEN, 2n))?.burned).toBe(1n);
        expect(await uow.chain.undo(2n)).toEqual([lease.id]);
        expect(await uow.chain.lease(lease.id)).toEqual(lease);
        expect(await uow.chain.account(TOKEN, CLIENT)).toEqual({ cash: 5n, escrowed: 1n });
        expect(await uow.chain.feesAfter(TOKEN, 0n)).toBeUndefined();
        expect(await uow.chain.undo(1n)).toEqual([lease.id]);
        expect(await uow.chain.lease(lease.id)).toBeUndefined();
        expect(await uow.chain.account(TOKEN, CLIENT)).toEqual({ cash: 0n, escrowed: 0n });
      }));

    it("keeps a log's bytes at their offsets", () =>
      inStore(async (uow) => {
        const text = (value: string) => new TextEncoder().encode(value);
        expect(await uow.logs.end("att_1")).toEqual({ taken: 0, kept: 0 });
        const chunk = (stream: "stdout" | "stderr", offset: number, value: string) => {
          return { attempt: "att_1", stream, offset, data: text(value) };
        };
        await uow.logs.append("att_1", 6, [chunk("stdout", 0, "abc"), chunk("stderr", 3, "def")]);
        expect(await uow.logs.end("att_1")).toEqual({ taken: 6, kept: 6 });
        // Bytes that are counted and not kept.
        await uow.logs.append("att_1", 13, []);
        expect(await uow.logs.end("att_1")).toEqual({ taken: 13, kept: 6 });
        const read = async (from: number, chunks: number, bytes: number) =>
          (await uow.logs.read("att_1", from, { chunks, bytes })).map(({ offset }) => offset);
        expect(await read(0, 10, 100)).toEqual([0, 3]);
        expect(await read(2, 1, 100)).toEqual([0]);
        expect(await read(3, 10, 100)).toEqual([3]);
        expect(await read(6, 10, 100)).toEqual([]);
        expect([await read(0, 10, 6), await read(0, 10, 5), await read(4, 10, 1)]).toEqual([[0, 3], [0], [3]]);
      }));
  });
}
