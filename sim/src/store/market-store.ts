import type { MarketStore, Uow } from "@corepool/coordinator/market/documents";
import type { SimProcess } from "../world/process.ts";
import type { SimDatabase, SimTransaction } from "./database.ts";
import type { SimEvents } from "./events.ts";
import { simMachines, simOffers, simUnits } from "./machines.ts";
import { simLogs, simMessages, simOutbox, simProbes } from "./messages.ts";
import { simProjection } from "./projection.ts";
import { simAttempts, simBatches, simLeases, simMandates, simWorkloads } from "./work.ts";

/** A unit of work over one transaction in memory. */
export function simUnitOfWork(tx: SimTransaction, events: SimEvents): Uow {
  return {
    machines: simMachines(tx),
    units: simUnits(tx),
    offers: simOffers(tx),
    workloads: simWorkloads(tx),
    attempts: simAttempts(tx),
    leases: simLeases(tx),
    batches: simBatches(tx),
    mandates: simMandates(tx),
    chain: simProjection(tx),
    messages: simMessages(tx),
    probes: simProbes(tx),
    logs: simLogs(tx),
    outbox: simOutbox(tx, events),
    lock: (name) => tx.lock(`name:${name}`),
    wake: async (topic) => tx.wake(topic),
  };
}

/** The coordinator's store in memory, as one process reaches it. */
export function simStore(database: SimDatabase, events: SimEvents, process: SimProcess): MarketStore {
  return { transaction: (work) => database.transaction(process, (tx) => work(simUnitOfWork(tx, events))) };
}
