import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CorepoolError } from "@corepool/core/errors";

const run = promisify(execFile);

/** System tools only: the supervisor is root and trusts no other directory. */
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** Runs a system tool; a failure becomes one line with what the tool said. */
export async function system(command: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run(command, args, { env: ENVIRONMENT, timeout: 60_000 });
    return stdout;
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim().split("\n").at(-1) : "";
    const why = said || (cause instanceof Error ? cause.message.split("\n")[0] : String(cause));
    throw new CorepoolError("setup-failed", { detail: `${command} failed: ${why}.`, cause });
  }
}
