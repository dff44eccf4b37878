import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import pg from "pg";
import { removePostgres, startPostgres } from "./cluster.ts";
import { endServer } from "./supervisor.ts";

/** Names the folder in which the test run keeps its one server. Set by the run's global set-up, inherited by its workers. */
const FOLDER = "COREPOOL_TEST_POSTGRES";

/** A fresh database of a test. */
export interface TestDatabase {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

interface Server {
  readonly url: string;
  readonly pid: number;
}

/**
 * Makes an empty database on a real PostgreSQL server, which the first caller of a test run starts and all share.
 * `template`: make the database as a copy of what `prepare` leaves in a database of that name, once per run.
 */
export async function testDatabase(template?: {
  readonly name: string;
  readonly prepare: (url: string) => Promise<void>;
}): Promise<TestDatabase> {
  const folder = process.env[FOLDER];
  if (folder === undefined)
    throw new Error("no test server: run the tests through vitest with the repository's configuration");
  const server = await once(folder, "server", async () => {
    // Stays when the worker that started it ends; the run's tear-down stops it.
    const { url, pid } = await startPostgres({ dir: join(folder, "postgres"), durable: false });
    return { url, pid };
  });
  if (template !== undefined) {
    await once(folder, `template-${template.name}`, async () => {
      await onServer(server, `create database "${template.name}"`);
      await template.prepare(named(server, template.name));
      return {};
    });
  }
  const name = `test_${randomBytes(8).toString("hex")}`;
  await onServer(server, `create database ${name}${template === undefined ? "" : ` template "${template.name}"`}`);
  return {
    url: named(server, name),
    drop: () => onServer(server, letGo(name), `drop database if exists ${name} with (force)`),
  };
}

const named = (server: Server, name: string) => server.url.replace(/\/corepool$/, `/${name}`);

/**
 * A pool that was ended is told so before the server has let go of its last connection: to be thrown out meanwhile would
 * be an error of a client that nobody listens to any more. Who stays for a second is thrown out.
 */
const letGo = (name: string) => `do $$ begin
  for i in 1..40 loop
    perform pg_stat_clear_snapshot();
    exit when not exists (select from pg_stat_activity where datname = '${name}');
    perform pg_sleep(0.025);
  end loop;
end $$`;

async function onServer(server: Server, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Does something once per test run, whichever worker comes first; the others wait for its result. */
async function once<T extends object>(folder: string, name: string, work: () => Promise<T>): Promise<T> {
  const done = join(folder, `${name}.json`);
  const lock = join(folder, `${name}.lock`);
  for (;;) {
    const result = await readFile(done, "utf8").catch(() => undefined);
    if (result !== undefined) return JSON.parse(result) as T;
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!mine) {
      await wait(25);
      continue;
    }
    try {
      const value = await work();
      await writeFile(`${done}.part`, JSON.stringify(value));
      await rename(`${done}.part`, done);
      return value;
    } finally {
      await rmdir(lock);
    }
  }
}

/** Vitest global set-up: reserves the folder; the server starts only when a test asks for a database. */
export default async function setUp(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "corepool-test-"));
  // The database's own user must be able to pass through.
  await chmod(folder, 0o711);
  process.env[FOLDER] = folder;
  return async () => {
    const server = await readFile(join(folder, "server.json"), "utf8").then(
      (text) => JSON.parse(text) as Server,
      () => undefined,
    );
    if (server !== undefined) await endServer(server.pid, 2_000);
    await removePostgres(join(folder, "postgres"));
    await rm(folder, { recursive: true, force: true });
  };
}
