import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, open, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CorepoolError } from "@corepool/core/errors";
import pg from "pg";
import { ensurePostgresBinaries, type PostgresBinaries } from "./binaries.ts";
import { exists, openFolder, openToAll } from "./files.ts";
import { databaseUser, type OsUser } from "./os-user.ts";
import { claim, endOrphan, endServer, release, serverState } from "./supervisor.ts";

/** A PostgreSQL server of our own on loopback. */
export interface RunningPostgres {
  /** Connection URL of the database `corepool`, password included. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves with a sentence when the server ends without having been told to. */
  readonly died: Promise<string>;
  /** Shuts down in order; the folder can be started again. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  /** Folder for the password, the log and (unless the database's user cannot reach it) the data. Made when missing. */
  readonly dir: string;
  /** TCP port on 127.0.0.1; 0 or none: a free one. */
  readonly port?: number;
  /** False trades safety against power loss for speed: for tests. Default true. */
  readonly durable?: boolean;
}

/** The database role of ours. */
export const USER = "corepool";
/** Mark of a data folder that was made to its end. */
const COMPLETE = "corepool-complete";

/**
 * Starts the PostgreSQL server of `dir`, making its data on first use. Recovers after a crash by itself; ends a server
 * that a killed process left on the folder. Under root it runs as a system account of its own, and data that this
 * account could not reach lies under /var/lib/corepool. Rejects with `already-running`, `port-in-use` or `setup-failed`.
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const binaries = await ensurePostgresBinaries();
  const user = await databaseUser();
  // The database's own user passes through; what lies in the folder is closed file by file.
  await mkdir(options.dir, { recursive: true, mode: 0o711 });
  const dir = await realpath(options.dir);
  const durable = options.durable ?? true;
  await claim(dir);
  try {
    const data = await dataFolder(dir, user);
    await endOrphan(data);
    const { password, fresh } = await passwordOf(dir);
    // Data without its password is what a folder deleted by hand has left elsewhere: nobody can open it any more.
    if (fresh || !(await exists(join(data, COMPLETE)))) {
      await initialise({ binaries, user, data, password, durable });
    }
    const port = await choosePort(options.port ?? 0);
    return await launch({ binaries, user, dir, data, password, port, durable });
  } catch (error) {
    await release(dir);
    throw error;
  }
}

/** Deletes the data of `dir` wherever it lies. The server must be stopped. */
export async function removePostgres(dir: string): Promise<void> {
  if (!(await exists(dir))) return;
  const place = await realpath(dir);
  await rm(elsewhere(place), { recursive: true, force: true });
  await rm(place, { recursive: true, force: true });
}

/** Where data lies that the database's own user could not reach in `dir`. */
export const elsewhere = (dir: string) =>
  join("/var/lib/corepool", "databases", createHash("sha256").update(dir).digest("hex").slice(0, 16));

/** Where the data of `dir` lies; made when missing. */
export async function dataFolder(dir: string, user: OsUser | undefined): Promise<string> {
  const near = join(dir, "data");
  if (user === undefined) {
    await mkdir(near, { recursive: true, mode: 0o700 });
    return near;
  }
  // Whoever may pass through the folder itself is decided by its own mode too, hence the question about a child.
  const far = elsewhere(dir);
  // Where data lies once it stays, even if the folders above have been opened since.
  const place = (await exists(join(far, COMPLETE))) || !(await openToAll(near)) ? far : near;
  if (place !== near) await openFolder(dirname(place));
  await mkdir(place, { recursive: true, mode: 0o700 });
  await chown(place, user.uid, user.gid);
  return place;
}

async function passwordOf(dir: string): Promise<{ readonly password: string; readonly fresh: boolean }> {
  const file = join(dir, "password");
  const known = await readFile(file, "utf8").catch(() => undefined);
  if (known !== undefined) return { password: known.trim(), fresh: false };
  const password = randomBytes(24).toString("base64url");
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return { password, fresh: true };
}

type Places = {
  readonly binaries: PostgresBinaries;
  readonly user: OsUser | undefined;
  readonly data: string;
  readonly password: string;
  /** Whether what is written survives a power loss. */
  readonly durable: boolean;
};

/** Makes the data folder. Only a finished one bears the mark, so a first start that was killed begins anew. */
async function initialise({ binaries, user, data, password, durable }: Places): Promise<void> {
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const passwordFile = join(tmpdir(), `corepool-${randomBytes(12).toString("hex")}`);
  await writeFile(passwordFile, password, { mode: 0o600, flag: "wx" });
  try {
    if (user !== undefined) {
      await chown(data, user.uid, user.gid);
      await chown(passwordFile, user.uid, user.gid);
    }
    const flags = [
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      ...(durable ? [] : ["--no-sync"]),
    ];
    const child = spawn(
      binaries.initdb,
      [`--pgdata=${data}`, `--username=${USER}`, `--pwfile=${passwordFile}`, ...flags],
      {
        ...user,
        cwd: data,
        env: { PATH: process.env["PATH"], LC_ALL: "C" },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    const [code] = (await once(child, "close")) as [number | null];
    if (code !== 0) {
      throw new CorepoolError("setup-failed", {
        detail: `PostgreSQL could not make its data folder ${data}: ${complaint.trim()}`,
        next: "Check the free disk space and the permissions of the folder.",
      });
    }
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function choosePort(wanted: number): Promise<number> {
  const probe = createServer();
  try {
    probe.listen({ host: "127.0.0.1", port: wanted, exclusive: true });
    await once(probe, "listening");
    const address = probe.address();
    return address === null || typeof address === "string" ? wanted : address.port;
  } catch (cause) {
    throw new CorepoolError("port-in-use", {
      detail: `Port ${wanted} on 127.0.0.1 is taken, so the database cannot listen there.`,
      next: "Stop what uses it, or choose another port.",
      data: { port: wanted },
      cause,
    });
  } finally {
    await new Promise<void>((done) => probe.close(() => done()));
  }
}

async function launch(options: Places & { readonly dir: string; readonly port: number }): Promise<RunningPostgres> {
  const { binaries, user, dir, data, password, port, durable } = options;
  const settings = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "timezone=UTC",
    "log_timezone=UTC",
    "shared_buffers=64MB",
  ];
  if (!durable) settings.push("fsync=off", "synchronous_commit=off", "full_page_writes=off");
  const logFile = join(dir, "postgres.log");
  const log = await open(logFile, "a", 0o600);
  // A group of its own: Ctrl-C in the terminal must not end the database before those who use it.
  const child = spawn(binaries.postgres, ["-D", data, "-p", String(port), ...settings.flatMap((s) => ["-c", s])], {
    ...user,
    cwd: data,
    detached: true,
    env: { PATH: process.env["PATH"], LC_ALL: "C" },
    stdio: ["ignore", "ignore", log.fd],
  });
  await log.close();
  const { pid } = await untilReady(child, data, logFile);
  const url = `postgresql://${USER}:${password}@127.0.0.1:${port}/corepool`;
  await ensureDatabase(url, join(data, COMPLETE));
  let told = false;
  const died = new Promise<string>((tell) => {
    child.once("exit", (code, signal) => {
      if (!told) tell(`PostgreSQL ended by itself (${signal ?? `code ${code ?? "unknown"}`}); see ${logFile}.`);
    });
  });
  return {
    url,
    port,
    pid,
    died,
    async stop() {
      told = true;
      await endServer(pid, 10_000);
      await release(dir);
    },
  };
}

async function untilReady(child: ChildProcess, data: string, logFile: string): Promise<{ readonly pid: number }> {
  const failed = once(child, "error").then(([error]: unknown[]) => ({ error }));
  const ended = once(child, "exit").then(() => ({ error: undefined }));
  for (let waited = 0; waited < 60_000; waited += 15) {
    const state = await serverState(data);
    if (state?.ready === true && state.pid === child.pid) return { pid: state.pid };
    const outcome = await Promise.race([failed, ended, wait(15)]);
    if (outcome === undefined) continue;
    const tail = await readFile(logFile, "utf8").then(
      (text) => text.trim().split("\n").slice(-3).join(" "),
      () => "",
    );
    throw new CorepoolError("setup-failed", {
      detail: `PostgreSQL did not start: ${tail}`,
      next: `Read ${resolve(logFile)}; a damaged data folder can be dropped with \`corepool reset\`.`,
      cause: outcome.error,
    });
  }
  if (child.pid !== undefined) await endServer(child.pid, 1_000);
  throw new CorepoolError("setup-failed", {
    detail: "PostgreSQL did not become ready within a minute.",
    next: `Read ${resolve(logFile)}.`,
  });
}

async function ensureDatabase(url: string, mark: string): Promise<void> {
  if (await exists(mark)) return;
  const admin = new pg.Client({ connectionString: url.replace(/\/corepool$/, "/postgres") });
  await admin.connect();
  try {
    const { rowCount } = await admin.query("select 1 from pg_database where datname = 'corepool'");
    if (rowCount === 0) await admin.query("create database corepool");
  } finally {
    await admin.end();
  }
  await writeFile(mark, "");
}
