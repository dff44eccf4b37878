import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CorepoolError } from "@corepool/core/errors";

const run = promisify(execFile);

/** The system account that runs the database when this process is root. PostgreSQL itself refuses to run as root. */
const NAME = "corepool-db";

/** A system account by its numbers. */
export interface OsUser {
  readonly uid: number;
  readonly gid: number;
}

async function lookUp(): Promise<OsUser | undefined> {
  try {
    const [uid, gid] = await Promise.all([run("id", ["-u", NAME]), run("id", ["-g", NAME])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * Under root: the system account for the database, made on first use (no home, no login). Otherwise undefined: the
 * database runs as whoever we are. Rejects with `setup-failed` when the account cannot be made.
 */
export async function databaseUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const known = await lookUp();
  if (known !== undefined) return known;
  const failure = await run("useradd", [
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir",
    "/nonexistent",
    "--shell",
    "/usr/sbin/nologin",
    NAME,
  ]).then(
    () => undefined,
    (error: unknown) => error,
  );
  // Another process may have made it in the meantime: what counts is whether it is there.
  const made = await lookUp();
  if (made !== undefined) return made;
  throw new CorepoolError("setup-failed", {
    detail: `PostgreSQL cannot run as root, and the system account ${NAME} could not be made.`,
    next: `Make it (useradd --system ${NAME}), start as an ordinary user, or set COREPOOL_DATABASE_URL to a PostgreSQL of your own.`,
    cause: failure,
  });
}
