import type { MarketEvent } from "@corepool/protocol/market/events";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { leaseOf, movementsOf } from "../billing/entries.ts";
import { book, unbook } from "../billing/ledger.ts";
import { systemClock } from "../platform/adapters/system-clock.ts";
import type { Tx } from "../platform/database/database.ts";
import { type EventLog, openEventLog } from "../platform/events/event-log.ts";
import { openTestDatabase } from "../testing/database.ts";
import {
  account,
  bytes32,
  leaseRecord,
  PROVIDER,
  TOKEN,
  termsOf,
  unitRecord,
  workloadRecord,
} from "../testing/records.ts";
import type { Uow } from "./documents.ts";
import { project } from "./projector.ts";
import { unitOfWork } from "./store.ts";

let test: Awaited<ReturnType<typeof openTestDatabase>>;
let events: EventLog;
beforeAll(async () => {
  test = await openTestDatabase();
  events = openEventLog(test.database.reader, systemClock);
});
afterAll(() => test.close());

const CLIENTS = [account(0xc1), account(0xc2)] as const;

/** A contract in miniature, whose events are what the real one would emit. Values are copied, so a fork is a copy. */
interface World {
  readonly cash: Readonly<Record<string, bigint>>;
  readonly fees: bigint;
  readonly deposited: bigint;
  /** By unit: how often it was leased, and what is live on it. */
  readonly units: Readonly<Record<number, { readonly seq: number; readonly live: Live | undefined }>>;
}
interface Live {
  readonly lease: `0x${string}`;
  readonly client: `0x${string}`;
  readonly escrow: bigint;
  readonly paid: bigint;
}
const GENESIS: World = {
  cash: {},
  fees: 0n,
  deposited: 0n,
  units: { 1: { seq: 0, live: undefined }, 2: { seq: 0, live: undefined } },
};

type Named = Omit<MarketEvent, "place">;
/** One thing that somebody does; `pick` decides whom it concerns and how much. Undefined when it is not possible. */
function act(world: World, kind: number, pick: number): { world: World; events: Named[] } | undefined {
  const client = CLIENTS[pick % 2] ?? CLIENTS[0];
  const unit = 1 + (pick % 2);
  const { seq, live } = world.units[unit] ?? { seq: 0, live: undefined };
  const cash = (who: string) => world.cash[who] ?? 0n;
  const add = (who: string, amount: bigint) => ({ ...world.cash, [who]: cash(who) + amount });
  const amount = BigInt(1 + (pick % 50));
  const put = (next: Live | undefined, nextSeq = seq) => ({ ...world.units, [unit]: { seq: nextSeq, live: next } });
  switch (kind) {
    case 0:
      return {
        world: { ...world, cash: add(client, amount), deposited: world.deposited + amount },
        events: [{ name: "Deposited", args: { account: client, token: TOKEN, amount } } as Named],
      };
    case 1:
      if (cash(client) < amount) return undefined;
      return {
        world: { ...world, cash: add(client, -amount), deposited: world.deposited - amount },
        events: [{ name: "Withdrawn", args: { account: client, token: TOKEN, to: client, amount } } as Named],
      };
    case 2: {
      if (live !== undefined || cash(client) < amount) return undefined;
      const lease = bytes32(unit * 1_000 + seq);
      const record = leaseRecord(1, workloadRecord(1), unitRecord(1, unit));
      const terms = termsOf(record, { client, seq, unit: String(unit), escrow: String(amount) });
      return {
        world: { ...world, cash: add(client, -amount), units: put({ lease, client, escrow: amount, paid: 0n }) },
        events: [{ name: "LeaseOpened", args: { lease, terms, offerHash: bytes32(1), orderHash: bytes32(2) } }],
      };
    }
    case 3: {
      if (live === undefined || live.paid >= live.escrow) return undefined;
      const total = live.paid + 1n + (amount % (live.escrow - live.paid));
      const fee = (total - live.paid) / 3n;
      const paidOut = total - live.paid - fee;
      return {
        world: { ...world, cash: add(PROVIDER, paidOut), fees: world.fees + fee, units: put({ ...live, paid: total }) },
        events: [{ name: "LeaseSettled", args: { lease: live.lease, total, amount: paidOut, fee } }],
      };
    }
    case 4: {
      if (live === undefined || cash(live.client) < amount) return undefined;
      const escrow = live.escrow + amount;
      return {
        world: { ...world, cash: add(live.client, -amount), units: put({ ...live, escrow }) },
        events: [{ name: "LeaseToppedUp", args: { lease: live.lease, end: 2_000, escrow } }],
      };
    }
    case 5: {
      if (live === undefined) return undefined;
      const paid = live.paid + (amount % (live.escrow - live.paid + 1n));
      const fee = (paid - live.paid) / 3n;
      const refund = live.escrow - paid;
      const after = {
        ...world,
        cash: add(live.client, refund),
        fees: world.fees + fee,
        units: put(undefined, seq + 1),
      };
      return {
        world: { ...after, cash: { ...after.cash, [PROVIDER]: (after.cash[PROVIDER] ?? 0n) + paid - live.paid - fee } },
        events: [{ name: "LeaseClosed", args: { lease: live.lease, paid, fee, refund, reason: 1 } }],
      };
    }
    case 6:
      if (live === undefined) return undefined;
      return { world, events: [{ name: "CloseRequested", args: { lease: live.lease, closeAt: 1_500 + (pick % 9) } }] };
    default:
      return {
        world,
        events: [
          pick % 2 === 0
            ? { name: "MandateUsed", args: { mandate: bytes32(7), lease: bytes32(8), committed: amount } }
            : { name: "MandateRevoked", args: { mandate: bytes32(7) } },
        ],
      };
  }
}

interface Block {
  readonly number: bigint;
  readonly events: readonly MarketEvent[];
  readonly after: World;
}

function mine(parent: Block | undefined, actions: readonly (readonly [number, number])[]): Block {
  let world = parent?.after ?? GENESIS;
  const number = (parent?.number ?? 0n) + 1n;
  const events: MarketEvent[] = [];
  for (const [kind, pick] of actions) {
    const done = act(world, kind, pick);
    if (done === undefined) continue;
    ({ world } = done);
    for (const event of done.events) {
      const place = {
        address: account(1),
        blockNumber: number,
        blockHash: bytes32(Number(number)),
        transactionHash: bytes32(Number(number) * 100 + events.length),
        logIndex: events.length,
      };
      events.push({ ...event, place } as MarketEvent);
    }
  }
  return { number, events, after: world };
}

/** As the follower does it: the projection and the ledger, in one transaction. */
const inOne = (work: (uow: Uow, tx: Tx) => Promise<void>) =>
  test.database.transaction((tx) => work(unitOfWork(tx, events), tx));

const take = async (uow: Uow, tx: Tx, block: Block): Promise<void> => {
  for (const event of block.events) {
    const lease = leaseOf(event);
    const before = lease === undefined ? undefined : await uow.chain.lease(lease);
    await book(tx, events, event, movementsOf(event, before), block.number);
    await project(uow, event);
  }
};

const takeBack = async (uow: Uow, tx: Tx, from: bigint): Promise<void> => {
  await unbook(tx, events, from);
  await uow.chain.undo(from);
};

/** What an account's ledger adds up to. */
async function ledgerOf(tx: Tx, who: `0x${string}`): Promise<{ cash: bigint; escrowed: bigint }> {
  const entries = await tx.selectFrom("ledger_entries").selectAll().where("account", "=", who).execute();
  return {
    cash: entries.reduce((sum, { cash }) => sum + cash, 0n),
    escrowed: entries.reduce((sum, { escrow }) => sum + escrow, 0n),
  };
}

const facts = () => test.database.reader.selectFrom("chain_facts").selectAll().orderBy("kind").orderBy("key").execute();

const actionsArb = fc.array(fc.tuple(fc.nat(7), fc.nat(1_000)), { maxLength: 5 });
/** Each step mines some blocks on what is left after going back some. */
const historyArb = fc.array(
  fc.record({ back: fc.nat(3), blocks: fc.array(actionsArb, { minLength: 1, maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 8,
  },
);

describe("the projection", () => {
  it("of any history with re-orgs equals that of the chain it ended on, and adds up to what the contract holds", async () => {
    await fc.assert(
      fc.asyncProperty(historyArb, async (history) => {
        let chain: Block[] = [];
        for (const { back, blocks } of history) {
          const keep = Math.max(0, chain.length - back);
          const from = chain[keep]?.number;
          chain = chain.slice(0, keep);
          await inOne(async (uow, tx) => {
            if (from !== undefined) await takeBack(uow, tx, from);
            for (const actions of blocks) {
              const block = mine(chain.at(-1), actions);
              await take(uow, tx, block);
              chain.push(block);
            }
          });
        }
        const followed = await facts();
        const { after } = chain.at(-1) ?? { after: GENESIS };
        await inOne(async (uow, tx) => {
          let sum = after.fees;
          for (const who of [...CLIENTS, PROVIDER]) {
            const { cash, escrowed } = await uow.chain.account(TOKEN, who);
            expect(cash).toBe(after.cash[who] ?? 0n);
            expect(await ledgerOf(tx, who)).toEqual({ cash, escrowed });
            sum += cash + escrowed;
          }
          expect(sum).toBe(after.deposited);
          for (const [unit, { seq, live }] of Object.entries(after.units)) {
            expect(await uow.chain.unit(PROVIDER, Number(unit))).toEqual({ nextSeq: seq, lease: live?.lease ?? null });
          }
          await takeBack(uow, tx, 0n);
        });
        expect(await test.database.reader.selectFrom("ledger_entries").select("id").execute()).toEqual([]);
        expect(await facts()).toEqual([]);
        await inOne(async (uow, tx) => {
          for (const block of chain) await take(uow, tx, block);
        });
        expect(await facts()).toEqual(followed);
        await inOne((uow, tx) => takeBack(uow, tx, 0n));
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
