import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import { type KeptJob, keptJob, keptJobOf, orderedOf } from "@corepool/sdk/kept-job";
import type { Ordered } from "@corepool/sdk/run";
import type { WatchProgress } from "@corepool/sdk/watch";
import { readJson, writePrivate } from "./files.ts";
import type { Home } from "./home.ts";

const fileOf = (home: Home, id: string): string => {
  if (!/^wkl_[0-9a-z]+$/.test(id))
    throw new CorepoolError("bad-usage", {
      detail: `"${id}" is not a job's id.`,
      next: "Ids start with wkl_; corepool jobs lists them.",
    });
  return join(home.jobs, `${id}.json`);
};

async function write(home: Home, job: KeptJob): Promise<void> {
  const file = fileOf(home, job.workload);
  await mkdir(home.jobs, { recursive: true, mode: 0o700 });
  await chmod(home.jobs, 0o700);
  await writePrivate(file, `${JSON.stringify(job, undefined, 2)}\n`);
}

/** Keeps what is needed to pay a workload from another process: its lease key and how far it is paid. Owner only. */
export async function saveJob(home: Home, url: string, ordered: Ordered, progress: WatchProgress): Promise<void> {
  await write(home, keptJobOf(url, ordered, progress));
}

/**
 * Takes over a job that a console handed out as a file. What this machine has paid of the same lease since then stands.
 * Rejects with `bad-usage` when it is no such file, or another's.
 */
export async function importJob(home: Home, id: string, file: string): Promise<void> {
  const parsed = keptJob.safeParse(await readJson(file));
  if (!parsed.success || parsed.data.workload !== id)
    throw new CorepoolError("bad-usage", {
      detail: parsed.success ? `${file} is of ${parsed.data.workload}, not of ${id}.` : `${file} holds no job.`,
      next: "Name the file that the console saved for this job.",
    });
  const here = keptJob.safeParse(await readJson(fileOf(home, id))).data;
  const ahead = here?.lease === parsed.data.lease && BigInt(here.total) >= BigInt(parsed.data.total);
  if (!ahead) await write(home, parsed.data);
}

/** Rejects with `not-found` when the workload was not ordered from here. */
export async function loadJob(
  home: Home,
  id: string,
): Promise<{ readonly ordered: Ordered; readonly saved: WatchProgress; readonly url: string }> {
  const parsed = keptJob.safeParse(await readJson(fileOf(home, id)));
  if (!parsed.success)
    throw new CorepoolError("not-found", {
      detail: `The lease key of ${id} is not on this machine.`,
      next: "Watch it from where it was started.",
    });
  return { url: parsed.data.url, ...orderedOf(parsed.data) };
}
