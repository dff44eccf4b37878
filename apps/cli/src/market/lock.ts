import { readFileSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { CorepoolError } from "@corepool/core/errors";
import { z } from "zod";
import { readJson, systemCode } from "../files.ts";
import type { Home } from "../home.ts";

const schema = z.object({ pid: z.int(), start: z.string().nullable() });

/** When a process started, in clock ticks since boot: tells it from a later one with the same number (Linux only). */
export function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

/** Whether a process number is in use by a living process. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Whether this very process lives, and not a later one with its number. */
export function isSame(pid: number, start: string | null): boolean {
  return isAlive(pid) && startOf(pid) === start;
}

/** The supervisor that holds this data folder now; undefined when none lives. */
export async function supervisorOf(home: Home): Promise<number | undefined> {
  const holder = schema.safeParse(await readJson(home.lock)).data;
  return holder !== undefined && isSame(holder.pid, holder.start) ? holder.pid : undefined;
}

/** Claims the data folder for this process. Rejects with `already-running`; what a dead supervisor left is taken over. */
export async function claimHome(home: Home): Promise<() => Promise<void>> {
  await mkdir(home.dir, { recursive: true, mode: 0o700 });
  for (let tries = 0; tries < 3; tries++) {
    try {
      const file = await open(home.lock, "wx", 0o600);
      await file.writeFile(JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
      await file.close();
      return () => rm(home.lock, { force: true });
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      const pid = await supervisorOf(home);
      if (pid !== undefined) {
        throw new CorepoolError("already-running", {
          detail: `Process ${pid} runs the market in ${home.dir}.`,
          next: "Use it (corepool run …), stop it (corepool down), or choose another folder with COREPOOL_HOME.",
        });
      }
      await rm(home.lock, { force: true });
    }
  }
  throw new CorepoolError("already-running", {
    detail: `Another process takes ${home.lock} at the same time.`,
    next: "Try again.",
  });
}
