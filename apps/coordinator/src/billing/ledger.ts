import type { Address } from "@corepool/core/hex";
import type { MarketEvent } from "@corepool/protocol/market/events";
import { accountTopic } from "../market/store.ts";
import type { Tx } from "../platform/database/database.ts";
import type { EventLog } from "../platform/events/event-log.ts";
import type { Movement } from "./entries.ts";

/** The place of an entry in the chain, as text that sorts like it. */
export function entryId(block: bigint, logIndex: number, part: number): string {
  return `led_${block.toString(16).padStart(12, "0")}${logIndex.toString(16).padStart(6, "0")}${part.toString(16).padStart(2, "0")}`;
}

/** Writes what an event moved, and tells the accounts. `seconds`: the time of its block. */
export async function book(
  tx: Tx,
  events: EventLog,
  event: MarketEvent,
  movements: readonly Movement[],
  seconds: bigint,
): Promise<void> {
  const { blockNumber, logIndex, transactionHash } = event.place;
  if (movements.length === 0) return;
  await tx
    .insertInto("ledger_entries")
    .values(
      movements.map((movement, part) => ({
        ...movement,
        id: entryId(blockNumber, logIndex, part),
        block: blockNumber,
        transaction: transactionHash,
        at: new Date(Number(seconds) * 1000),
      })),
    )
    .execute();
  for (const { account, kind, lease } of movements) await tell(tx, events, account, kind, lease);
}

/** Takes back what blocks at or above `from` moved. */
export async function unbook(tx: Tx, events: EventLog, from: bigint): Promise<void> {
  const gone = await tx.deleteFrom("ledger_entries").where("block", ">=", from).returning("account").execute();
  for (const account of new Set(gone.map((row) => row.account))) await tell(tx, events, account, "undone", null);
}

function tell(tx: Tx, events: EventLog, account: Address, kind: string, lease: string | null): Promise<void> {
  const body = { workload: null, lease, state: kind, note: null };
  return events.append(tx, { topic: accountTopic(account), type: `ledger.${kind}`, body });
}
