import { codeOf } from "@corepool/core/errors";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestDatabase } from "../../testing/database.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { adoptRestoredEvents, type EventLog, openEventLog } from "./event-log.ts";
import { openNotifier, type PostgresNotifier } from "./notifier.adapter.ts";

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
let log: EventLog;
let notifier: PostgresNotifier;
const troubles: unknown[] = [];

beforeAll(async () => {
  opened = await openTestDatabase();
  log = openEventLog(opened.database.reader, systemClock);
  notifier = await openNotifier({
    url: opened.url,
    pool: opened.database.pool,
    clock: systemClock,
    onTrouble: (error) => troubles.push(error),
  });
});
afterAll(async () => {
  await notifier.close();
  await opened.close();
});

/** Resolves at the next call of the listener; fails the test when it does not come. */
function heard(topic: string, ms = 5_000): Promise<boolean> {
  return new Promise((resolve) => {
    const stop = notifier.subscribe(topic, () => {
      stop();
      resolve(true);
    });
    setTimeout(() => {
      stop();
      resolve(false);
    }, ms).unref();
  });
}

/**
 * What a topic has, once nothing of it is held back: tests of other files share the server, and a transaction of theirs
 * that is open keeps back what was committed after it began.
 */
async function settled(topic: string) {
  for (;;) {
    const read = await log.read(topic, undefined, 10);
    if (read.settled) return read.events;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("the event log", () => {
  it("reads back what was committed, by topic, from where a reader stopped", async () => {
    const { database } = opened;
    for (const n of [1, 2, 3])
      await database.transaction((tx) => log.append(tx, { topic: "one", type: "t", body: { n } }));
    await database.transaction((tx) => log.append(tx, { topic: "two", type: "t", body: { n: 9 } }));
    const all = await settled("one");
    expect(all.map((event) => event.body)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    const rest = await log.read("one", all[0]?.id, 1);
    expect(rest.events.map((event) => event.body)).toEqual([{ n: 2 }]);
    expect(await log.last("one")).toBe(all[2]?.id);
    expect(await log.last("none")).toBeUndefined();
    for (const id of ["", "x", "1", "1-", "99999999999999999999-1", "1-9999999999999999999", "-1-2"]) {
      expect(codeOf(await log.read("one", id, 1).catch((e: unknown) => e)), id).toBe("bad-cursor");
    }
  });

  it("survives a restore into a PostgreSQL whose transaction ids begin anew, and forgets after a month", async () => {
    const { database } = opened;
    for (const n of [1, 2])
      await database.transaction((tx) => log.append(tx, { topic: "old", type: "t", body: { n } }));
    await sql`update events set xid = (xid::text::int8 + 1000000)::text::xid8 where topic = 'old'`.execute(
      database.reader,
    );
    expect(await log.read("old", undefined, 10)).toEqual({ events: [], settled: false });
    await adoptRestoredEvents(database.reader);
    await database.transaction((tx) => log.append(tx, { topic: "old", type: "t", body: { n: 3 } }));
    const bodies = async () => (await settled("old")).map((event) => event.body);
    expect(await bodies()).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await sql`update events set at = at - interval '31 days' where topic = 'old' and body->>'n' <> '3'`.execute(
      database.reader,
    );
    await log.forgetExpired();
    expect(await bodies()).toEqual([{ n: 3 }]);
  });

  it("never lets a late commit slip behind a reader", async () => {
    const { database } = opened;
    let commitEarly = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      commitEarly = resolve;
    });
    let began = (): void => undefined;
    const inside = new Promise<void>((resolve) => {
      began = resolve;
    });
    const slow = database.transaction(async (tx) => {
      await log.append(tx, { topic: "race", type: "t", body: { who: "slow" } });
      began();
      await gate;
    });
    await inside;
    await database.transaction((tx) => log.append(tx, { topic: "race", type: "t", body: { who: "fast" } }));
    const before = await log.read("race", undefined, 10);
    expect(before).toEqual({ events: [], settled: false });
    commitEarly();
    await slow;
    expect((await settled("race")).map((event) => event.body)).toEqual([{ who: "slow" }, { who: "fast" }]);
  });
});

describe("notifications", () => {
  it("arrive at commit, and not after a rollback", async () => {
    const { database } = opened;
    const rolledBack = heard("rolled-back", 300);
    await database
      .transaction(async (tx) => {
        await log.append(tx, { topic: "rolled-back", type: "t", body: {} });
        throw new Error("no");
      })
      .catch(() => undefined);
    const committed = heard("committed");
    await database.transaction((tx) => log.append(tx, { topic: "committed", type: "t", body: {} }));
    expect(await committed).toBe(true);
    expect(await rolledBack).toBe(false);
    const plain = heard("plain");
    await notifier.notify("plain");
    expect(await plain).toBe(true);
  });

  it("come back after the connection was cut, and wake everyone once in case something was missed", async () => {
    const woken = heard("quiet");
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'corepool-notifier' and datname = current_database()`.execute(
      opened.database.reader,
    );
    expect(await woken).toBe(true);
    const again = heard("again");
    await notifier.notify("again");
    expect(await again).toBe(true);
    expect(notifier.connected).toBe(true);
  });

  it("stop for who unsubscribes", async () => {
    let calls = 0;
    const count = () => {
      calls++;
    };
    const stop = notifier.subscribe("twice", count);
    notifier.subscribe("twice", count);
    stop();
    const done = heard("twice");
    await notifier.notify("twice");
    await done;
    expect(calls).toBe(1);
  });
});
