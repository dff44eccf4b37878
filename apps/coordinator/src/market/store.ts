import { sql } from "kysely";
import { messageRepository, probeRepository } from "../gateway/repository.ts";
import { batchRepository, leaseRepository } from "../leases/repository.ts";
import { machineRepository, unitRepository } from "../machines/repository.ts";
import { mandateRepository } from "../mandates/repository.ts";
import { offerRepository } from "../offers/repository.ts";
import type { Database, Tx } from "../platform/database/database.ts";
import type { EventLog } from "../platform/events/event-log.ts";
import { notifyOnCommit } from "../platform/events/notify-on-commit.ts";
import { logRepository } from "../workloads/log-repository.ts";
import { attemptRepository, workloadRepository } from "../workloads/repository.ts";
import type { MarketStore, Uow } from "./documents.ts";
import { projectionRepository } from "./projection-repository.ts";

/** The topic on which an account's events are told. */
export const accountTopic = (account: string): string => `account:${account.toLowerCase()}`;

/** A unit of work over one PostgreSQL transaction. */
export function unitOfWork(tx: Tx, events: EventLog): Uow {
  return {
    machines: machineRepository(tx),
    units: unitRepository(tx),
    offers: offerRepository(tx),
    workloads: workloadRepository(tx),
    attempts: attemptRepository(tx),
    leases: leaseRepository(tx),
    batches: batchRepository(tx),
    mandates: mandateRepository(tx),
    chain: projectionRepository(tx),
    messages: messageRepository(tx),
    probes: probeRepository(tx),
    logs: logRepository(tx),
    outbox: {
      append: ({ account, type, ...body }) => events.append(tx, { topic: accountTopic(account), type, body }),
    },
    async lock(name) {
      await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
    },
    wake: (topic) => notifyOnCommit(tx, topic),
  };
}

/** The store on PostgreSQL. */
export function postgresStore(database: Database, events: EventLog): MarketStore {
  return { transaction: (work) => database.transaction((tx) => work(unitOfWork(tx, events))) };
}
