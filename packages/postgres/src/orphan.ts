import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { elsewhere } from "./cluster.ts";
import { exists } from "./files.ts";
import { endOrphan, isClaimed, orphanIn } from "./supervisor.ts";

/** Where the data of a database folder may lie. */
async function dataFolders(dir: string): Promise<readonly string[]> {
  if (!(await exists(dir))) return [];
  const place = await realpath(dir);
  return (await isClaimed(place)) ? [] : [join(place, "data"), elsewhere(place)];
}

/** Process of the server that a killed supervisor left running on `dir`; undefined when none does, or it is attended. */
export async function orphanServer(dir: string): Promise<number | undefined> {
  for (const data of await dataFolders(dir)) {
    const pid = await orphanIn(data);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

/** Ends that server in order: what was committed stays. Nothing happens to one that is attended. */
export async function stopOrphanServer(dir: string): Promise<void> {
  for (const data of await dataFolders(dir)) await endOrphan(data);
}
