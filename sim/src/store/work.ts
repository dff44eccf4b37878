import type {
  Attempt,
  Lease,
  Mandate,
  MarketDocuments,
  OnChain,
  Workload,
} from "@corepool/coordinator/market/documents";
import type { Attempts, Batches, Leases, Mandates, Workloads } from "@corepool/core/ports/store";
import type { BatchRecord } from "@corepool/core/ports/store-leases";
import type { SimTransaction } from "./database.ts";
import { newestFirst } from "./machines.ts";

/** Reading, locking and writing whole rows by their key. */
function keyed<T>(tx: SimTransaction, table: string) {
  const get = (key: string) => tx.get<T>(table, key);
  return {
    all: () => tx.rows<T>(table).map(([, row]) => row),
    async get(key: string): Promise<T | undefined> {
      await tx.statement();
      return get(key);
    },
    async lock(key: string): Promise<T | undefined> {
      await tx.statement();
      if (get(key) === undefined) return undefined;
      await tx.lockRow(table, key);
      return get(key);
    },
    async put(key: string, row: T): Promise<void> {
      await tx.statement();
      await tx.write(table, key, row);
    },
  };
}

const byAge = <T extends { readonly createdAt: number }>(a: T, b: T) => a.createdAt - b.createdAt;

/** Workloads in memory. */
export function simWorkloads(tx: SimTransaction): Workloads<MarketDocuments> {
  const rows = keyed<Workload>(tx, "workloads");
  return {
    get: (id) => rows.get(id),
    lock: (id) => rows.lock(id),
    put: (row) => rows.put(row.id, row),
    async page(account, state, { limit, before }) {
      await tx.statement();
      const own = rows.all().filter((row) => row.account === account && (state === undefined || row.state === state));
      return newestFirst(own, (row) => row.createdAt, before, limit);
    },
    async toOrder(limit) {
      await tx.statement();
      const waiting = rows.all().filter((row) => row.state === "pending" && row.mandate !== null);
      return waiting
        .sort(byAge)
        .slice(0, limit)
        .map((row) => row.id);
    },
    async abandoned(before, limit) {
      await tx.statement();
      const left = rows
        .all()
        .filter((row) => row.state === "pending" && row.placedAt !== null && row.placedAt < before);
      return left.slice(0, limit).map((row) => row.id);
    },
    async hasOutput(account, hash) {
      await tx.statement();
      return rows.all().some((row) => row.account === account && row.outputs.some((output) => output.hash === hash));
    },
    async isInputOn(machine, hash) {
      await tx.statement();
      return keyed<Attempt>(tx, "attempts")
        .all()
        .filter((attempt) => attempt.machine === machine && attempt.state !== "ended")
        .some((attempt) => tx.get<Workload>("workloads", attempt.workload)?.spec.inputs.some((i) => i.hash === hash));
    },
  };
}

/** Attempts in memory. */
export function simAttempts(tx: SimTransaction): Attempts<MarketDocuments> {
  const rows = keyed<Attempt>(tx, "attempts");
  return {
    get: (id) => rows.get(id),
    lock: (id) => rows.lock(id),
    async put(row) {
      const twin = rows.all().find((o) => o.workload === row.workload && o.number === row.number && o.id !== row.id);
      if (twin !== undefined) throw new Error(`duplicate key: attempt ${row.number} of ${row.workload}`);
      await rows.put(row.id, row);
    },
    async ofWorkload(workload) {
      await tx.statement();
      return rows
        .all()
        .filter((row) => row.workload === workload)
        .sort((a, b) => a.number - b.number);
    },
    async live(machine) {
      await tx.statement();
      return rows
        .all()
        .filter((row) => row.machine === machine && row.state !== "ended")
        .sort(byAge);
    },
  };
}

/** Leases in memory. */
export function simLeases(tx: SimTransaction): Leases<MarketDocuments> {
  const rows = keyed<Lease>(tx, "leases");
  const onItsWay = ({ state }: Lease) => state === "ordered" || state === "opening";
  const sum = (leases: readonly Lease[]) => leases.reduce((total, lease) => total + lease.escrow, 0n);
  return {
    get: (id) => rows.get(id),
    lock: (id) => rows.lock(id),
    async byOrder(orderHash) {
      await tx.statement();
      const found = rows.all().filter((row) => row.orderHash === orderHash);
      return found.sort(byAge)[0];
    },
    put: (row) => rows.put(row.id, { ...row, provenMs: Math.floor(row.provenMs) }),
    async claim(state, limit) {
      await tx.statement();
      const waiting = rows
        .all()
        .filter((row) => row.state === state && row.batch === null && (state !== "closing" || row.close !== null))
        .filter((row) => !tx.heldByOther("leases", row.id))
        .sort(byAge)
        .slice(0, limit);
      for (const row of waiting) await tx.lockRow("leases", row.id);
      return waiting;
    },
    async ofBatch(intent) {
      await tx.statement();
      const found: Lease[] = [];
      const members = rows.all().filter((row) => row.batch === intent);
      for (const { id } of members.sort((a, b) => (a.id < b.id ? -1 : 1))) {
        await tx.lockRow("leases", id);
        const now = tx.get<Lease>("leases", id);
        if (now?.batch === intent) found.push(now);
      }
      return found;
    },
    async inFlight(token, client) {
      await tx.statement();
      return sum(rows.all().filter((row) => row.token === token && row.client === client && onItsWay(row)));
    },
    async nonces(token, client, mandate) {
      await tx.statement();
      return rows
        .all()
        .filter((row) => row.token === token && row.client === client && row.mandate === mandate && onItsWay(row))
        .map((row) => row.nonce);
    },
    async committed(mandate) {
      await tx.statement();
      return sum(rows.all().filter((row) => row.mandate === mandate && onItsWay(row)));
    },
    async holding(machine) {
      await tx.statement();
      return rows.all().filter((row) => row.machine === machine && row.state !== "closed" && row.state !== "failed");
    },
    async mandated() {
      await tx.statement();
      return rows
        .all()
        .filter((row) => row.mandate !== null && row.state === "open" && row.noteOver === null)
        .sort(byAge);
    },
    async overdue(end, now) {
      await tx.statement();
      return rows
        .all()
        .filter((row) => (row.state === "open" || row.state === "closing") && row.batch === null)
        .filter((row) => {
          const terms = tx.get<OnChain>("chain_facts", `lease/${row.id}`)?.terms;
          return terms !== undefined && (terms.end < end || (terms.closeAt > 0 && terms.closeAt < now));
        })
        .slice(0, 100);
    },
  };
}

/** Batches in memory. */
export function simBatches(tx: SimTransaction): Batches {
  const rows = keyed<BatchRecord>(tx, "lease_batches");
  const finish = async (intent: string, finished: boolean) => {
    const known = await rows.lock(intent);
    if (known !== undefined) await tx.write("lease_batches", intent, { ...known, finished });
  };
  return {
    async put(batch) {
      if ((await rows.get(batch.intent)) === undefined) await rows.put(batch.intent, batch);
      else await finish(batch.intent, batch.finished);
    },
    reopen: (intent) => finish(intent, false),
    async unfinished() {
      await tx.statement();
      return rows.all().filter((batch) => !batch.finished);
    },
  };
}

/** Mandates in memory. */
export function simMandates(tx: SimTransaction): Mandates<MarketDocuments> {
  const rows = keyed<Mandate>(tx, "mandates");
  return {
    get: (id) => rows.get(id),
    lock: (id) => rows.lock(id),
    put: (row) => rows.put(row.id, row),
    async byHash(hash) {
      await tx.statement();
      return rows.all().find((row) => row.hash === hash);
    },
    async page(client, { limit, before }) {
      await tx.statement();
      const own = rows.all().filter((row) => row.client === client);
      return newestFirst(own, (row) => row.createdAt, before, limit);
    },
  };
}
