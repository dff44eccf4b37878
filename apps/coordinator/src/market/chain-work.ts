import { Follower } from "@corepool/chain/follower/follower";
import { postgresFollowerStore } from "@corepool/chain/follower/postgres-store";
import { postgresSenderStore } from "@corepool/chain/sender/postgres-store";
import { Sender, type TransactionSigner } from "@corepool/chain/sender/sender";
import { createWire } from "@corepool/chain/sender/wire";
import type { SqlDatabase, SqlQuery } from "@corepool/chain/sql";
import { decodeMarketEvent } from "@corepool/protocol/market/events";
import { CompiledQuery } from "kysely";
import { keccak256 } from "viem";
import { leaseOf, movementsOf } from "../billing/entries.ts";
import { book, unbook } from "../billing/ledger.ts";
import type { Database, Reader, Tx } from "../platform/database/database.ts";
import type { Platform } from "../platform/parts.ts";
import type { MarketContext } from "./context.ts";
import { takeBack, takeEvents } from "./follow.ts";
import { unitOfWork } from "./store.ts";

/** A transaction in which the follower's tables and the market's are written together. */
interface FollowerTx extends SqlQuery {
  readonly tx: Tx;
}

const queryOn =
  (reader: Reader): SqlQuery["query"] =>
  async (text, parameters) => {
    const { rows } = await reader.executeQuery<Readonly<Record<string, unknown>>>(
      CompiledQuery.raw(text, [...parameters]),
    );
    return { rows };
  };

function sqlDatabase(database: Database): SqlDatabase<FollowerTx> {
  return {
    query: queryOn(database.reader),
    transaction: (work) => database.transaction((tx) => work({ tx, query: queryOn(tx) })),
  };
}

/** Sends the market's transactions and stands by them until they are final. */
export function createSender(platform: Platform, signer: TransactionSigner): Sender {
  const { database, endpoints, chain, clock, log } = platform;
  return new Sender({
    signer,
    reader: chain,
    wire: createWire(endpoints),
    store: postgresSenderStore(sqlDatabase(database), signer.address),
    clock,
    hashOf: (raw) => keccak256(raw),
    onChange: ({ intent, state }) => log.debug({ intent, state }, "transaction"),
    onProblem: (intent, problem) => log.warn({ intent, err: problem }, "a transaction is held up"),
  });
}

/** Follows the events of LeaseMarket into the projection. */
export function createFollower(platform: Platform, context: MarketContext): Follower<FollowerTx> {
  const { database, events, chain, clock, log, deployment } = platform;
  return new Follower<FollowerTx>({
    reader: chain,
    store: postgresFollowerStore(sqlDatabase(database), "market", deployment.block - 1n),
    addresses: [deployment.leaseMarket],
    clock,
    onProblem: (problem) => log.warn({ err: problem }, "the chain could not be followed"),
    handlers: {
      async log({ tx }, raw, { timestamp }) {
        const event = decodeMarketEvent(raw);
        if (event === undefined) return;
        const uow = unitOfWork(tx, events);
        const lease = leaseOf(event);
        const before = lease === undefined ? undefined : await uow.chain.lease(lease);
        await book(tx, events, event, movementsOf(event, before), timestamp);
        await takeEvents(uow, context, [event]);
      },
      async undone({ tx }, blocks) {
        const [first] = blocks;
        if (first === undefined) return;
        log.warn({ from: String(first.number), blocks: blocks.length }, "the chain was re-organised");
        await unbook(tx, events, first.number);
        await takeBack(unitOfWork(tx, events), context, first.number);
      },
    },
  });
}
