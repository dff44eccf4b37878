import { codeOf } from "@corepool/core/errors";
import { testDatabase } from "@corepool/postgres/testing";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openTestDatabase } from "../../testing/database.ts";
import { systemClock } from "../adapters/system-clock.ts";
import { systemRandom } from "../adapters/system-random.ts";
import { openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";

let opened: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  opened = await openTestDatabase();
});
afterAll(() => opened.close());

describe("column values", () => {
  it("keep every digit of money and counters", async () => {
    const { rows } = await sql<{ big: bigint; money: bigint; small: number; nothing: null }>`
      select 9007199254740993::int8 as big, 115792089237316195423570985008687907853269984665640564039457584007913129639937::numeric as money, 7::int4 as small, null::numeric as nothing
    `.execute(opened.database.reader);
    expect(rows).toEqual([{ big: 9007199254740993n, money: 2n ** 256n + 1n, small: 7, nothing: null }]);
  });

  it("refuse a fraction where base units belong", async () => {
    await expect(sql`select 1.5::numeric`.execute(opened.database.reader)).rejects.toThrow(SyntaxError);
  });
});

describe("transactions", () => {
  it("hold no lock against others when their process stands still, and cannot be committed then", async () => {
    const still = openDatabase({
      ...{ url: opened.url, maxConnections: 2, clock: systemClock, random: systemRandom },
      onIdleError: () => undefined,
      idleTransactionMs: 200,
    });
    const locked = Promise.withResolvers<void>();
    const goes = Promise.withResolvers<void>();
    await sql`create table still (id int primary key, value int)`.execute(opened.database.reader);
    await sql`insert into still values (1, 0)`.execute(opened.database.reader);
    const zombie = still.transaction(async (tx) => {
      await sql`update still set value = 1`.execute(tx);
      locked.resolve();
      await goes.promise;
      await sql`update still set value = value + 10`.execute(tx);
    });
    const refused = expect(zombie).rejects.toThrow();
    await locked.promise;
    await sql`update still set value = value + 100`.execute(opened.database.reader);
    goes.resolve();
    await refused;
    const { rows } = await sql<{ value: number }>`select value from still`.execute(opened.database.reader);
    expect(rows).toEqual([{ value: 100 }]);
    await still.close();
  });

  it("run again after a serialisation failure, and lose no update", async () => {
    const { database } = opened;
    await sql`create table counters (id int primary key, n int8 not null)`.execute(database.reader);
    await sql`insert into counters values (1, 0)`.execute(database.reader);
    let runs = 0;
    let reads = 0;
    // Both read before either writes, so that the second to commit has to run again.
    const bothHaveRead = Promise.withResolvers<void>();
    const bump = () =>
      database.transaction(
        async (tx) => {
          runs++;
          const { rows } = await sql<{ n: bigint }>`select n from counters where id = 1`.execute(tx);
          if (++reads === 2) bothHaveRead.resolve();
          await bothHaveRead.promise;
          await sql`update counters set n = ${(rows[0]?.n ?? 0n) + 1n} where id = 1`.execute(tx);
        },
        { isolation: "serializable" },
      );
    await Promise.all([bump(), bump()]);
    const { rows } = await sql<{ n: bigint }>`select n from counters`.execute(database.reader);
    expect(rows[0]?.n).toBe(2n);
    expect(runs).toBeGreaterThan(2);
  });

  it("leave nothing behind when the work rejects", async () => {
    const { database } = opened;
    const now = new Date();
    const failing = database.transaction(async (tx) => {
      await tx
        .insertInto("accounts")
        .values({ address: `0x${"ab".repeat(20)}`, created_at: now })
        .execute();
      throw new Error("changed my mind");
    });
    await expect(failing).rejects.toThrow("changed my mind");
    expect(await database.reader.selectFrom("accounts").selectAll().execute()).toEqual([]);
  });
});

describe("migrations", () => {
  const first = { name: "0001_first", sql: "create table a (n int); insert into a values (1)" };
  const second = { name: "0002_second", sql: "alter table a add column m int not null default 5" };

  it("run once in order, whoever else starts at the same time, and keep what is there", async () => {
    const { url, drop } = await testDatabase();
    const pools = [1, 2, 3].map(() => new pg.Pool({ connectionString: url, max: 2 }));
    const [p1, p2, p3] = pools as [pg.Pool, pg.Pool, pg.Pool];
    const applied = await Promise.all(pools.map((pool) => migrate(pool, [first])));
    expect(applied.flat()).toEqual(["0001_first"]);
    await p1.query("insert into a values (2)");
    expect(await migrate(p2, [second, first])).toEqual(["0002_second"]);
    expect((await p3.query("select n, m from a order by n")).rows).toEqual([
      { n: 1, m: 5 },
      { n: 2, m: 5 },
    ]);

    const changed: unknown = await migrate(p1, [{ ...first, sql: `${first.sql} ` }, second]).catch((e: unknown) => e);
    expect(codeOf(changed)).toBe("setup-failed");
    expect((changed as Error).message).toContain("0001_first");
    expect(codeOf(await migrate(p1, [first]).catch((e: unknown) => e))).toBe("setup-failed");
    const broken = { name: "0003_broken", sql: "create table b (n int); select nonsense" };
    expect(codeOf(await migrate(p1, [first, second, broken]).catch((e: unknown) => e))).toBe("setup-failed");
    expect((await p1.query("select to_regclass('b') as b")).rows).toEqual([{ b: null }]);
    await Promise.all(pools.map((pool) => pool.end()));
    await drop();
  });
});
