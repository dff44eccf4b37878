import { open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";

/** A process by its number and the time it started: numbers are used again. */
async function nameOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The start time is field 22; the name before it may hold spaces and ends with the last parenthesis.
  const started = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return started === undefined ? undefined : `${pid} ${started}`;
}

/**
 * Takes a folder for this process: two agents with one journal would each undo what the other wrote. A lock that a dead
 * process left does not hold. Resolves with how to give it back.
 * @throws CorepoolError `already-running`
 */
export async function lockFolder(dir: string): Promise<() => Promise<void>> {
  const path = join(dir, "lock");
  const ours = (await nameOf(process.pid)) ?? String(process.pid);
  for (;;) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(ours);
      await file.close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = await readFile(path, "utf8").catch(() => "");
    const pid = Number(holder.split(" ")[0]);
    if (holder !== "" && (await nameOf(pid)) === holder) {
      throw new CorepoolError("already-running", {
        detail: `Another agent (process ${pid}) works in ${dir}.`,
        next: "Stop it first, or give this agent a folder of its own.",
      });
    }
    await rm(path, { force: true });
  }
}
