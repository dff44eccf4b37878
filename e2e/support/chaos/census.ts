import { createHash } from "node:crypto";
import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/** A process that lives (a zombie does not) and its command line. */
interface Process {
  readonly pid: number;
  readonly words: readonly string[];
}

async function processes(): Promise<readonly Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end while it is looked at; a zombie has no command line.
      const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      return { pid: Number(pid), words: text.split("\0").slice(0, -1) };
    }),
  );
  return found.filter((p) => p.words.length > 0);
}

/** The program of a job itself, not the sandbox around it, whose command line also names what it runs. */
const isProgram = ({ words }: Process): boolean => words[0] === "python3" || words[0]?.endsWith("/python3") === true;

/** How often the program of each marked job runs at this moment. The mark is the program's last word. */
export async function runningNow(prefix: string): Promise<ReadonlyMap<string, number>> {
  const count = new Map<string, number>();
  for (const process of await processes()) {
    const mark = process.words.at(-1) ?? "";
    if (mark.startsWith(prefix) && isProgram(process)) count.set(mark, (count.get(mark) ?? 0) + 1);
  }
  return count;
}

/** Children of a process, by number. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}

const CGROUPS = "/sys/fs/cgroup";

async function cgroupsNamed(name: string): Promise<readonly string[]> {
  const found: string[] = [];
  const look = async (directory: string, depth: number): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.isSymbolicLink()) continue;
      const path = join(directory, entry.name);
      if (entry.name === name) found.push(path);
      else if (depth > 0) await look(path, depth - 1);
    }
  };
  await look(CGROUPS, 6);
  return found;
}

/** Where the supervisor of an agent keeps its state on this host when it runs as root (see packages/runtime). */
export async function hostFolderOf(agent: string): Promise<string> {
  const key = createHash("sha256")
    .update(await realpath(agent))
    .digest("hex")
    .slice(0, 12);
  return join("/var/lib/corepool", key);
}

/**
 * What a stopped agent has left on this host, one line each: processes that name its folders or the mark of a job,
 * mounts, cgroups.
 */
export async function leftBehind(agent: string, mark: string): Promise<readonly string[]> {
  const host = await hostFolderOf(agent);
  const left: string[] = [];
  for (const { pid, words } of await processes()) {
    if (words.some((word) => word.includes(host) || word.startsWith(mark)))
      left.push(`process ${pid}: ${words.join(" ").slice(0, 120)}`);
  }
  for (const line of (await readFile("/proc/self/mountinfo", "utf8")).split("\n")) {
    const place = line.split(" ")[4] ?? "";
    if (place.startsWith(`${host}/`)) left.push(`mount ${place}`);
  }
  for (const path of await cgroupsNamed(`corepool-${host.split("/").at(-1)}`)) left.push(`cgroup ${path}`);
  return left;
}
