import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "@corepool/core/errors";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { backupPostgres, restorePostgres, runningPostgres } from "./backup.ts";
import { removePostgres, startPostgres } from "./cluster.ts";

const places: string[] = [];
const folder = async () => {
  const place = await mkdtemp(join(tmpdir(), "corepool-backup-"));
  places.push(place);
  return place;
};
afterEach(async () => {
  for (const place of places.splice(0)) {
    await removePostgres(join(place, "database"));
    await rm(place, { recursive: true, force: true });
  }
});

describe("a base backup", () => {
  it("taken while rows are written is consistent, and recovers to a database that goes on", {
    timeout: 90_000,
  }, async () => {
    const place = await folder();
    const dir = join(place, "database");
    expect(await runningPostgres(dir)).toBeUndefined();
    const server = await startPostgres({ dir });
    expect(await runningPostgres(dir)).toBe(server.url);
    const pool = new pg.Pool({ connectionString: server.url, max: 2 });
    // A pool that was ended may still be saying goodbye when the server stops.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    await pool.query("create table money (account int primary key, amount int8 not null)");
    await pool.query("insert into money select n, 1000 from generate_series(1, 2000) n");
    // Moves money about all the time: whatever moment the copy has, the sum must be the same.
    let going = true;
    let moves = 0;
    const mover = (async () => {
      while (going) {
        await pool.query(
          "with pair as (select (random() * 1999)::int + 1 as a, (random() * 1999)::int + 1 as b) update money set amount = amount + case account when (select a from pair) then -1 else 1 end where account in (select a from pair union select b from pair) and (select a <> b from pair)",
        );
        if (++moves % 50 === 0) await pool.query("checkpoint");
      }
    })();
    const target = join(place, "backup");
    await backupPostgres(server.url, target);
    const after = moves;
    going = false;
    await mover;
    expect(after).toBeGreaterThan(0);
    await pool.query("insert into money values (0, 7)");
    await pool.end();
    await server.stop();

    const other = await folder();
    await restorePostgres(target, join(other, "database"));
    const restored = await startPostgres({ dir: join(other, "database") });
    const client = new pg.Client({ connectionString: restored.url });
    await client.connect();
    const { rows } = await client.query("select count(*)::int as n, sum(amount)::int as sum from money");
    expect(rows).toEqual([{ n: 2000, sum: 2_000_000 }]);
    await client.query("insert into money values (0, 7)");
    await client.end();
    await restored.stop();
    expect((await stat(join(target, "password"))).mode & 0o077).toBe(0);

    expect(codeOf(await restorePostgres(target, join(other, "database")).catch((e: unknown) => e))).toBe(
      "setup-failed",
    );
  });

  it("without the WAL of its time is refused, and leaves nothing behind", { timeout: 60_000 }, async () => {
    const place = await folder();
    const server = await startPostgres({ dir: join(place, "database") });
    const target = join(place, "backup");
    await backupPostgres(server.url, target);
    await server.stop();
    const wal = join(target, "data", "pg_wal");
    for (const name of await readdir(wal)) await rm(join(wal, name), { recursive: true });
    const other = await folder();
    const failed: unknown = await restorePostgres(target, join(other, "database")).catch((e: unknown) => e);
    expect(codeOf(failed)).toBe("setup-failed");
    expect(await readdir(other)).toEqual([]);
  });
});
