import { execFile } from "node:child_process";
import { chown, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { CorepoolError } from "@corepool/core/errors";
import { backupPostgres, restorePostgres, runningPostgres } from "@corepool/postgres/backup";
import { startPostgres } from "@corepool/postgres/cluster";
import type { Context } from "../context.ts";
import { readText, systemCode, writePrivate } from "../files.ts";
import type { Home } from "../home.ts";
import { agentFolder, makeAgentFolder } from "./agent-state.ts";
import { checkBackup, filesBelow, writeManifest } from "./backup-manifest.ts";
import { claimHome, supervisorOf } from "./lock.ts";

/** What of the agent's folder makes it who it is, and what it has promised. */
const AGENT_FILES = ["provider.key", "machine.salt", "market.json", "journal.jsonl"];

/** The parts of a home that are copied as they are, by their name in the backup. */
const partsOf = (home: Home): readonly (readonly [string, string, (path: string) => boolean])[] => [
  ["blobs", home.blobs, (path) => path.startsWith("blobs/")],
  ["chain", home.chain, (path) => path !== "chain.pid" && !path.endsWith(".new")],
  ["jobs", home.jobs, () => true],
  ["keys", home.keys, () => true],
  ["mandates", home.mandates, () => true],
];

/** Where a part lies inside the backup: the blob store's own folder `blobs/` is not repeated. */
const placeOf = (name: string, path: string) => (name === "blobs" ? path : join(name, path));

export interface BackupDone {
  readonly dir: string;
  readonly createdAt: string;
  readonly files: number;
}

/**
 * Copies the whole market of this folder into `dir`, which must not exist yet: database, blobs, chain, keys, the agent's
 * identity and journal. The market may run. The database is copied first and the chain last, because the chain is what
 * everything reconciles with: what the chain knows and the database does not is followed again. The backup appears
 * under its name only when it is whole and on disk.
 * @throws CorepoolError `setup-failed` when the database is not this machine's own, or `dir` exists
 */
export async function backupMarket(context: Context, dir: string): Promise<BackupDone> {
  const { home, env, clock } = context;
  const target = resolve(dir);
  if (env.COREPOOL_DATABASE_URL !== undefined || env.DATABASE_URL !== undefined)
    throw new CorepoolError("setup-failed", {
      detail: "The database is another server's; this backs up only the one that Corepool runs itself.",
      next: "Back it up with pg_basebackup and WAL archiving of its own version; see docs/operations.md.",
    });
  if ((await readText(home.deployment)) === undefined)
    throw new CorepoolError("not-found", {
      detail: `There is no market in ${home.dir}.`,
      next: "Start one with: corepool up",
    });
  const draft = `${target}.unfinished`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  if (await readdir(target).then(() => true, missing)) throw taken(target);
  await mkdir(draft, { mode: 0o700 });
  try {
    await copyDatabase(home, join(draft, "database"));
    const createdAt = new Date(clock.now()).toISOString();
    for (const [name, from, wanted] of partsOf(home)) {
      for (const path of await filesBelow(from).catch(() => [])) {
        if (wanted(path)) await copyInto(join(from, path), join(draft, placeOf(name, path)));
      }
    }
    for (const [name, from] of [
      ["deployment.json", home.deployment],
      ["known-markets.json", home.knownMarkets],
    ] as const)
      await copyInto(from, join(draft, name));
    const agent = await agentFolder(home.agent);
    for (const name of agent === undefined ? [] : AGENT_FILES)
      await copyInto(join(agent ?? "", name), join(draft, "agent", name));
    const store = env.COREPOOL_BLOBS;
    const blobs = store?.startsWith("s3:") === true ? store : "files";
    const manifest = await writeManifest(draft, { createdAt, blobs });
    // All of it on disk before it bears its name.
    await promisify(execFile)("sync", ["-f", draft]);
    await rename(draft, target);
    await writePrivate(home.lastBackup, `${JSON.stringify({ at: createdAt, dir: target })}\n`);
    return { dir: target, createdAt, files: Object.keys(manifest.files).length };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

const missing = (error: unknown): boolean => {
  if (systemCode(error) === "ENOENT") return false;
  throw error;
};
const taken = (target: string) =>
  new CorepoolError("setup-failed", {
    detail: `${target} exists already.`,
    next: "Name a folder that does not exist yet: a backup is never written over another.",
  });

/** Copies a file that others may replace or remove meanwhile; one that is not there is none of the backup. */
async function copyInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to).catch(missing);
}

/** The database of a running market, or of a stopped one, whose server is started for it. */
async function copyDatabase(home: Home, target: string): Promise<void> {
  await mkdir(target, { mode: 0o700 });
  if ((await supervisorOf(home)) !== undefined) {
    const url = await runningPostgres(home.database);
    if (url === undefined)
      throw new CorepoolError("not-ready", {
        detail: "The market's database does not answer now.",
        next: "Try again in a moment, or stop the market first: corepool down",
      });
    return backupPostgres(url, target);
  }
  const release = await claimHome(home);
  try {
    const server = await startPostgres({ dir: home.database });
    try {
      await backupPostgres(server.url, target);
    } finally {
      await server.stop();
    }
  } finally {
    await release();
  }
}

/**
 * Brings a backup into this folder, which must hold no market. Everything is compared with the backup's manifest first,
 * and the database is recovered once before the market counts as restored.
 * @throws CorepoolError `setup-failed` when the backup is not sound or a market is here already
 */
export async function restoreMarket(context: Context, dir: string): Promise<BackupDone> {
  const { home } = context;
  const source = resolve(dir);
  const manifest = await checkBackup(source);
  const release = await claimHome(home);
  try {
    for (const path of [home.deployment, home.wallet])
      if ((await readText(path)) !== undefined)
        throw new CorepoolError("setup-failed", {
          detail: `There is a market in ${home.dir} already.`,
          next: "Restore into a fresh COREPOOL_HOME, or drop the old one with corepool reset.",
        });
    await restorePostgres(join(source, "database"), home.database);
    const files = Object.keys(manifest.files);
    const under = (name: string) => files.filter((path) => path.startsWith(`${name}/`));
    const blobs = (await filesBelow(source)).filter((path) => path.startsWith("blobs/"));
    for (const path of blobs) await copyInto(join(source, path), join(home.blobs, path));
    for (const [name, to] of partsOf(home).filter(([name]) => name !== "blobs"))
      for (const path of under(name)) await copyInto(join(source, path), join(to, path.slice(name.length + 1)));
    await restoreAgent(source, home, under("agent"));
    await copyInto(join(source, "known-markets.json"), home.knownMarkets);
    // Last: a folder with it holds a market.
    await copyInto(join(source, "deployment.json"), home.deployment);
    return { dir: home.dir, createdAt: manifest.createdAt, files: files.length };
  } finally {
    await release();
  }
}

async function restoreAgent(source: string, home: Home, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const { dir, user } = await makeAgentFolder(home.agent);
  for (const path of files) {
    const target = join(dir, path.slice("agent/".length));
    await copyFile(join(source, path), target);
    if (user !== undefined) await chown(target, user.uid, user.gid);
  }
}
