import { chmod, chown, copyFile, mkdir, readdir, readFile, realpath, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import pg from "pg";
import { dataFolder, removePostgres, startPostgres, USER } from "./cluster.ts";
import { exists, systemCode } from "./files.ts";
import { databaseUser } from "./os-user.ts";
import { serverState } from "./supervisor.ts";

/**
 * Base backups by PostgreSQL's own low-level interface (pg_backup_start, a copy of the files, pg_backup_stop, the WAL in
 * between): it needs no program but the server, and works while others use the database. Debian's client programs cannot
 * do it: pg_dump and pg_basebackup 15 refuse a server of version 18.
 */

/** What a running server makes anew, or what belongs to its process: contents that are not copied. */
const EMPTIED = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);
const LEFT_OUT =
  /^(postmaster\.(pid|opts)|pgsql_tmp.*|pg_internal\.init.*|backup_label(\.old)?|tablespace_map(\.old)?)$/;
const SEGMENT = /^[0-9A-F]{24}$/;

/** Connection URL of the server that runs on `dir` now, password included; undefined when none does. */
export async function runningPostgres(dir: string): Promise<string | undefined> {
  if (!(await exists(dir))) return undefined;
  const place = await realpath(dir);
  const data = await dataFolder(place, await databaseUser());
  const state = await serverState(data);
  const password = await readFile(join(place, "password"), "utf8").catch(() => undefined);
  if (state?.ready !== true || password === undefined) return undefined;
  return `postgresql://${USER}:${password.trim()}@127.0.0.1:${state.port}/corepool`;
}

/**
 * Copies a running cluster of this machine into the empty folder `target`: `data`, consistent as of the end of the copy
 * once a server has recovered it, and `password`.
 */
export async function backupPostgres(url: string, target: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const data = await oneValue(client, "select current_setting('data_directory') as value");
    if ((await readdir(join(data, "pg_tblspc"))).length > 0)
      throw new CorepoolError("setup-failed", {
        detail: "The database uses tablespaces, which this backup does not copy.",
        next: "Back it up with PostgreSQL's own pg_basebackup.",
      });
    await mkdir(join(target, "data"), { recursive: true, mode: 0o700 });
    // Holds the WAL back while the files are copied; gone with the connection.
    const slot = `corepool_backup_${process.pid}`;
    await client.query("select pg_create_physical_replication_slot($1, true, true)", [slot]);
    const first = await oneValue(client, "select pg_walfile_name(pg_backup_start('corepool', true)) as value");
    await copyRunning(data, join(target, "data"));
    await mkdir(join(target, "data", "pg_wal", "archive_status"), { mode: 0o700 });
    const { rows } = await client.query<{ label: string; last: string }>(
      "select labelfile as label, pg_walfile_name(lsn) as last from pg_backup_stop(false)",
    );
    const { label = "", last = "" } = rows[0] ?? {};
    await writeFile(join(target, "data", "backup_label"), label, { mode: 0o600 });
    await copySegments(join(data, "pg_wal"), join(target, "data", "pg_wal"), first, last);
    await writeFile(join(target, "password"), new URL(url).password, { mode: 0o600 });
  } finally {
    await client.end();
  }
}

async function oneValue(client: pg.Client, query: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>(query);
  return rows[0]?.value ?? "";
}

/** Copies files that others write to; one that goes away meanwhile is in the WAL. */
async function copyRunning(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await mkdir(target, { mode: 0o700 });
      if (!EMPTIED.has(entry.name)) await copyRunning(source, target);
    } else if (entry.isFile()) {
      await copyFile(source, target).catch((error: unknown) => {
        if (systemCode(error) !== "ENOENT") throw error;
      });
    }
  }
}

/** Copies every segment from `first` to `last`, and fails when one is missing. */
async function copySegments(from: string, to: string, first: string, last: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => SEGMENT.test(name) && name >= first && name <= last).sort();
  const numberOf = (name: string) => BigInt(`0x${name.slice(8, 16)}`) * 256n + BigInt(`0x${name.slice(16)}`);
  if (BigInt(names.length) !== numberOf(last) - numberOf(first) + 1n)
    throw new CorepoolError("internal", { detail: `The WAL from ${first} to ${last} is not there whole.` });
  for (const name of names) await copyFile(join(from, name), join(to, name));
}

/**
 * Puts a backup where the server of `dir` keeps its data, and lets a server recover it once, so that it is known to
 * work. Rejects with `setup-failed` when there is a database already, or this one does not recover.
 */
export async function restorePostgres(backup: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o711 });
  const place = await realpath(dir);
  const user = await databaseUser();
  const data = await dataFolder(place, user);
  if ((await readdir(data)).length > 0 || (await exists(join(place, "password"))))
    throw new CorepoolError("setup-failed", {
      detail: `There is a database in ${data} already.`,
      next: "Restore into a fresh COREPOOL_HOME, or drop the old one with corepool reset.",
    });
  try {
    await copyOwned(join(backup, "data"), data, user);
    await copyFile(join(backup, "password"), join(place, "password"));
    await chmod(join(place, "password"), 0o600);
    const server = await startPostgres({ dir: place });
    await server.stop();
  } catch (error) {
    await removePostgres(place);
    throw error;
  }
}

async function copyOwned(
  from: string,
  to: string,
  user: { readonly uid: number; readonly gid: number } | undefined,
): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      await mkdir(target, { mode: 0o700 });
      await copyOwned(source, target, user);
    } else {
      await copyFile(source, target);
      await chmod(target, (await stat(target)).mode & 0o700);
    }
    if (user !== undefined) await chown(target, user.uid, user.gid);
  }
}

/** Whether the server at `url` archives its WAL, without which it cannot be restored to a moment between base backups. */
export async function archivesWal(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  await client.connect();
  try {
    return (await oneValue(client, "select current_setting('archive_mode') as value")) !== "off";
  } finally {
    await client.end();
  }
}
