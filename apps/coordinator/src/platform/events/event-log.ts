import { CorepoolError } from "@corepool/core/errors";
import type { Clock } from "@corepool/core/ports/clock";
import { sql } from "kysely";
import type { Reader, Tx } from "../database/database.ts";
import { notifyOnCommit } from "./notify-on-commit.ts";

/** An event as its reader gets it. `id` is opaque and orders the events of a topic; a reader resumes after it. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly body: unknown;
  readonly at: Date;
}

/** The outbox: events are appended in the transaction that causes them, and read in commit-safe order. */
export interface EventLog {
  /** Appends within the transaction; readers of the topic wake when it commits. Topics: `account:0x…`. */
  append(tx: Tx, event: { readonly topic: string; readonly type: string; readonly body: object }): Promise<void>;
  /**
   * Events of a topic after `after` (undefined: from the beginning), oldest first. `settled` is false when newer events
   * exist that an older, still running transaction may yet precede: look again shortly.
   * Rejects with `bad-cursor` for an id that was never given out.
   */
  read(
    topic: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly events: readonly StoredEvent[]; readonly settled: boolean }>;
  /** Whether an event is still there: what a reader missed after one that is gone, nobody can say. Rejects as `read` does. */
  has(topic: string, id: string): Promise<boolean>;
  /** The id of the newest event of a topic (to follow only what is new), undefined when it has none. */
  last(topic: string): Promise<string | undefined>;
  /** Drops events that are older than a month. */
  forgetExpired(): Promise<void>;
}

/** How long events are kept for readers that come back. */
const KEEP_MS = 30 * 86_400_000;

/**
 * After a restore into another PostgreSQL, transaction ids begin anew, and events from before may bear ids that have
 * not been given out yet: readers would wait for them. They are moved to the front, in their order.
 */
export async function adoptRestoredEvents(reader: Reader): Promise<void> {
  await sql`update events set xid = '3' where xid >= pg_snapshot_xmax(pg_current_snapshot())`.execute(reader);
}

const EVENT_ID = /^(\d{1,20})-(\d{1,19})$/;

/**
 * The event log on PostgreSQL. Sequence numbers are handed out before transactions commit, so "greater than the last
 * seen" could skip a late one. Each event carries its transaction id, readers see only ids below the oldest running
 * transaction, and order by (transaction, sequence): nothing can appear behind a reader any more.
 */
export function openEventLog(reader: Reader, clock: Clock): EventLog {
  return {
    async append(tx, event) {
      await tx
        .insertInto("events")
        .values({
          topic: event.topic,
          type: event.type,
          body: JSON.stringify(event.body),
          at: new Date(clock.now()),
        })
        .execute();
      await notifyOnCommit(tx, event.topic);
    },

    async read(topic, after, limit) {
      const cursor = parseEventId(after);
      const rows = await reader
        .selectFrom("events")
        .select(["seq", "type", "body", "at"])
        .select(sql<string>`xid::text`.as("xid"))
        .select(sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`.as("settled"))
        .where("topic", "=", topic)
        .where(sql<boolean>`(xid, seq) > (${cursor.xid}::xid8, ${cursor.seq}::int8)`)
        .orderBy(sql`events.xid`)
        .orderBy("seq")
        .limit(limit)
        .execute();
      const unsettled = rows.findIndex((row) => !row.settled);
      const safe = unsettled === -1 ? rows : rows.slice(0, unsettled);
      return {
        events: safe.map((row) => ({ id: `${row.xid}-${row.seq}`, type: row.type, body: row.body, at: row.at })),
        settled: unsettled === -1,
      };
    },

    async has(topic, id) {
      const { xid, seq } = parseEventId(id);
      const row = await reader
        .selectFrom("events")
        .select("seq")
        .where("topic", "=", topic)
        .where(sql<boolean>`(xid, seq) = (${xid}::xid8, ${seq}::int8)`)
        .executeTakeFirst();
      return row !== undefined;
    },

    async last(topic) {
      const row = await reader
        .selectFrom("events")
        .select("seq")
        .select(sql<string>`xid::text`.as("xid"))
        .where("topic", "=", topic)
        .where(sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`)
        .orderBy(sql`events.xid desc`)
        .orderBy("seq", "desc")
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : `${row.xid}-${row.seq}`;
    },

    async forgetExpired() {
      await reader
        .deleteFrom("events")
        .where("at", "<=", new Date(clock.now() - KEEP_MS))
        .execute();
    },
  };
}

function parseEventId(id: string | undefined): { readonly xid: string; readonly seq: string } {
  if (id === undefined) return { xid: "0", seq: "0" };
  const match = EVENT_ID.exec(id);
  if (
    match?.[1] === undefined ||
    match[2] === undefined ||
    BigInt(match[1]) >= 2n ** 64n ||
    BigInt(match[2]) >= 2n ** 63n
  ) {
    throw new CorepoolError("bad-cursor", {
      detail: `"${id.slice(0, 60)}" is not the id of an event.`,
      next: "Send the id of the last event you received as Last-Event-ID, or none to start afresh.",
    });
  }
  return { xid: match[1], seq: match[2] };
}
