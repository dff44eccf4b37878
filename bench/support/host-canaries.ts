import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Directories whose entries must stay as they are: names, kinds, owners, modes, and sizes of files. */
const INVENTORY = "/ /root /home /boot /opt /srv /usr /usr/bin /usr/sbin /usr/lib /usr/local/bin /usr/local/lib /var";
const SETTINGS = "core_pattern modprobe hostname domainname core_uses_pid dmesg_restrict randomize_va_space";

const hash = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");

/** A line for every entry of a tree or, without `deep`, of a directory; contents as a hash where it is deep. */
async function lines(directory: string, deep: boolean): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await readdir(directory).catch(() => [])).sort((a, b) => (a < b ? -1 : 1))) {
    const path = join(directory, name);
    const stat = await lstat(path).catch(() => null);
    if (stat === null) continue;
    const shape = `${path} ${stat.mode.toString(8)} ${stat.uid} ${stat.gid}`;
    if (stat.isSymbolicLink()) found.push(`${shape} ${await readlink(path)}`);
    else if (stat.isDirectory()) found.push(shape, ...(deep ? await lines(path, true) : []));
    else if (stat.isFile()) found.push(`${shape} ${stat.size} ${deep ? hash(await readFile(path)) : ""}`);
    else found.push(shape);
  }
  return found;
}

/**
 * What hostile workloads must not change on a host, by name: /etc with its users, kernel settings, mounts, loop devices,
 * packet filters, the inventory of the system's directories. What lies below `base` is the run's own.
 */
export async function hostCanaries(base: string): Promise<ReadonlyMap<string, string>> {
  const canaries = new Map<string, string>();
  canaries.set("/etc", (await lines("/etc", true)).join("\n"));
  for (const directory of INVENTORY.split(" ")) canaries.set(directory, (await lines(directory, false)).join("\n"));
  for (const name of SETTINGS.split(" "))
    canaries.set(name, await readFile(`/proc/sys/kernel/${name}`, "utf8").catch(() => "none"));
  const mounts = await readFile("/proc/self/mounts", "utf8");
  canaries.set(
    "mounts",
    mounts
      .split("\n")
      .filter((line) => !line.includes(base))
      .sort((a, b) => (a < b ? -1 : 1))
      .join("\n"),
  );
  for (const [tool, ...args] of [["iptables-save"], ["ip6tables-save"], ["nft", "list", "ruleset"]] as const) {
    const { stdout } = await promisify(execFile)(tool, [...args]).catch(() => ({ stdout: "none" }));
    // Counters and dates are no rules.
    canaries.set(tool, stdout.replace(/^#.*$/gm, "").replace(/\[\d+:\d+\]/g, ""));
  }
  return canaries;
}

/** The canaries that differ, each with the first line that does. */
export function difference(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const changed: string[] = [];
  for (const [name, old] of before) {
    const [left, right] = [old.split("\n"), (after.get(name) ?? "").split("\n")];
    const gone = left.find((line) => !right.includes(line));
    const come = right.find((line) => !left.includes(line));
    if (gone !== undefined || come !== undefined)
      changed.push(`${name} changed: ${gone ?? "nothing"} → ${come ?? "nothing"}`);
  }
  return changed;
}

/** Mounts, loop devices and cgroups that a run below `base` left. Cgroups are named after a hash that is a name there. */
export async function leftBehind(base: string): Promise<string[]> {
  const left: string[] = [];
  for (const line of (await readFile("/proc/self/mounts", "utf8")).split("\n"))
    if (line.includes(base)) left.push(`mount ${line}`);
  for (const loop of await readdir("/sys/block")) {
    const file = await readFile(`/sys/block/${loop}/loop/backing_file`, "utf8").catch(() => "");
    if (file.includes(base)) left.push(`loop device ${loop} of ${file.trim()}`);
  }
  const keys = (await readdir(base)).filter((name) => /^[0-9a-f]{12}$/.test(name));
  for (const controller of await readdir("/sys/fs/cgroup")) {
    const own = await readdir(join("/sys/fs/cgroup", controller)).catch(() => []);
    for (const name of own)
      if (keys.some((key) => name === `corepool-${key}`)) left.push(`cgroup ${controller}/${name}`);
    if (keys.some((key) => controller === `corepool-${key}`)) left.push(`cgroup ${controller}`);
  }
  return left;
}

/** Processes of a user that are no zombies. */
export async function processesOf(uid: number): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const status = await readFile(`/proc/${name}/status`, "utf8").catch(() => "");
    if (status.includes(`\nUid:\t${uid}\t`) && !/\nState:\tZ/.test(status)) found.push(Number(name));
  }
  return found;
}
