import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removePostgres, startPostgres } from "@corepool/postgres/cluster";
import { sql } from "kysely";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../adapters/system-clock.ts";
import { systemRandom } from "../adapters/system-random.ts";
import { problemOf } from "../http/problem.ts";
import { type Database, openDatabase } from "./database.ts";
import { isOutage, untilDatabase } from "./outage.ts";

let folder: string;
let dir: string;
let server: Awaited<ReturnType<typeof startPostgres>>;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "corepool-outage-"));
  dir = join(folder, "database");
  server = await startPostgres({ dir, durable: false });
  const options = { url: server.url, maxConnections: 4, clock: systemClock, random: systemRandom };
  database = openDatabase({ ...options, onIdleError: () => undefined });
});
afterAll(async () => {
  await database.close();
  await server.stop();
  await removePostgres(dir);
  await rm(folder, { recursive: true, force: true });
});

/** What work on a database that is away is rejected with. */
const failure = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded");
};

describe("a database that is killed", () => {
  it("ends no process, even between two statements of a transaction; the next ones say that it is away", async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown) => uncaught.push(error);
    process.on("uncaughtException", note);
    const killed = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const broken = failure(
      database.transaction(async (tx) => {
        await sql`select 1`.execute(tx);
        begun.resolve();
        await killed.promise;
        await sql`select 1`.execute(tx);
      }),
    );
    await begun.promise;
    process.kill(server.pid, "SIGKILL");
    await server.died;
    // Its connections break now, while nobody waits for an answer on them.
    await systemClock.sleep(300);
    killed.resolve();
    expect(isOutage(await broken)).toBe(true);
    const away = await failure(sql`select 1`.execute(database.reader));
    expect(isOutage(away)).toBe(true);
    expect(problemOf(away, "req_1")).toMatchObject({ code: "database-unavailable", status: 503, retryable: true });
    process.off("uncaughtException", note);
    expect(uncaught).toEqual([]);
  });

  it("is waited for while it comes back, and is as before", async () => {
    await server.stop();
    const waiting = untilDatabase(database.pool, systemClock, 30_000);
    const { port } = server;
    server = await startPostgres({ dir, port, durable: false });
    await waiting;
    expect((await sql<{ one: number }>`select 1 as one`.execute(database.reader)).rows).toEqual([{ one: 1 }]);
  });

  it("is not mistaken for one that refuses us", async () => {
    const pool = new pg.Pool({ connectionString: server.url.replace(/:[^:@/]+@/, ":wrong@") });
    const refused = await failure(untilDatabase(pool, systemClock, 30_000));
    expect(refused).toMatchObject({ code: "28P01" });
    expect(isOutage(refused)).toBe(false);
    await pool.end();
    const gone = new pg.Pool({ connectionString: "postgresql://u:p@127.0.0.1:9/none" });
    expect(isOutage(await failure(untilDatabase(gone, systemClock, 100)))).toBe(true);
    await gone.end();
  });
});
