import { readFile, rmdir, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A number out of a cgroup file; 0 when the file or the sandbox is gone. `max` reads as infinity. */
export async function readNumber(path: string): Promise<number> {
  const text = (await readFile(path, "utf8").catch(() => "0")).trim();
  return text === "max" ? Number.POSITIVE_INFINITY : Number(text) || 0;
}

/** The value of `key` in a file of `key value` lines; 0 when absent. */
export async function readKeyed(path: string, key: string): Promise<number> {
  const text = await readFile(path, "utf8").catch(() => "");
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${key} `));
  return Number(line?.slice(key.length + 1) ?? 0) || 0;
}

export async function writeValue(path: string, value: number | string): Promise<void> {
  await writeFile(path, String(value));
}

/** Removes a cgroup directory; one that is still busy is tried again for two seconds. */
export async function removeCgroup(directory: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rmdir(directory);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return;
      if (code !== "EBUSY" || attempt >= 100) throw error;
      await sleep(20);
    }
  }
}
