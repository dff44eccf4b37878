import { formatBytes } from "@corepool/core/bytes";
import type { Finding } from "./finding.ts";

/** What the files of /proc and their like say about a machine, judged. Pure: text in, finding out. */

const good = (what: string, line: string): Finding => ({ what, level: "good", line });
const weak = (what: string, line: string, next: string): Finding => ({ what, level: "weak", line, next });

const NEARLY_FULL = 0.9;
const DAY_MS = 86_400_000;
const FRESH_BACKUP_MS = 7 * DAY_MS;
const MANY_FILES = 4096;
const MOST_SKEW_MS = 2_000;

/** /proc/meminfo: swap that is nearly used up means that the next workload meets the OOM killer. */
export function swapFinding(meminfo: string): Finding {
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1] ?? Number.NaN);
  const [total, free] = [kib("SwapTotal") * 1024, kib("SwapFree") * 1024];
  if (Number.isNaN(total)) return weak("swap", "swap could not be read", "Look at /proc/meminfo.");
  if (total === 0) return good("swap", "no swap: memory that runs out ends workloads, and nothing is written to disk");
  const used = (total - free) / total;
  if (used > 0.5)
    return weak(
      "swap",
      `${Math.round(used * 100)} % of ${formatBytes(total)} swap is in use: this machine is short of memory`,
      "Offer fewer or smaller units, or add memory.",
    );
  return weak(
    "swap",
    `${formatBytes(total)} swap: a workload's memory may be written to disk`,
    "Encrypt it or turn it off: swapoff -a, and remove it from /etc/fstab.",
  );
}

/** Space and file entries of the file system that the data lies on. */
export function fullnessFinding(stats: {
  readonly blocks: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}): Finding {
  const share = (all: number, left: number) => (all === 0 ? 0 : 1 - left / all);
  const [space, files] = [share(stats.blocks, stats.bavail), share(stats.files, stats.ffree)];
  for (const [what, used] of [
    ["space", space],
    ["inodes", files],
  ] as const) {
    if (used > NEARLY_FULL)
      return weak(
        "disk use",
        `${Math.round(used * 100)} % of the disk's ${what} is used`,
        "Free some: a full disk stops the chain, the database and uploads.",
      );
  }
  return good("disk use", `${Math.round(space * 100)} % of the disk is used`);
}

/** /proc/self/limits: how many files a process may open at most. */
export function fileLimitFinding(limits: string): Finding {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1];
  const most = hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
  if (most >= MANY_FILES) return good("open files", `a process may open ${hard} files`);
  return weak(
    "open files",
    hard === undefined ? "the limit of open files could not be read" : `a process may open only ${hard} files`,
    `Raise it to ${MANY_FILES} or more: LimitNOFILE= of the service, or /etc/security/limits.conf.`,
  );
}

/** /proc/sys/kernel/core_pattern: a pipe runs a program of the host, as root, on what a crashing workload left. */
export function corePatternFinding(pattern: string): Finding {
  const text = pattern.trim();
  if (!text.startsWith("|")) return good("core dumps", "no program is run on core dumps");
  return weak(
    "core dumps",
    `each crash runs ${text.slice(1).split(" ")[0]} as root on memory that a workload wrote`,
    "Turn it off: sysctl -w kernel.core_pattern=core",
  );
}

/** /proc/sys/kernel/unprivileged_bpf_disabled. */
export function bpfFinding(setting: string): Finding {
  if (setting.trim() !== "0") return good("bpf", "ordinary users may not load BPF programs");
  return weak(
    "bpf",
    "ordinary users may load BPF programs into the kernel",
    "Forbid it: sysctl -w kernel.unprivileged_bpf_disabled=1",
  );
}

/** Who keeps the clock right, if anyone. */
export function clockFinding(keeper: string | undefined): Finding {
  if (keeper !== undefined) return good("clock", `kept by ${keeper}`);
  return weak(
    "clock",
    "nothing that keeps the clock right was found: leases and signatures depend on it",
    "Install one: apt-get install systemd-timesyncd",
  );
}

/** How far the clocks of this machine and of the coordinator (its Date header, whole seconds) are apart. */
export function skewFinding(here: number, there: number, roundTripMs: number): Finding {
  const apart = Math.max(0, Math.abs(here - there) - 1_000 - roundTripMs);
  if (apart <= MOST_SKEW_MS) return good("clock skew", "the clock agrees with the coordinator's");
  return {
    what: "clock skew",
    level: "bad",
    line: `the clock is ${Math.round(apart / 1000)} s away from the coordinator's: signatures will be refused`,
    next: "Set the clock, and keep it right: apt-get install systemd-timesyncd",
  };
}

/** Files that hold keys, with their modes: nobody else may read them. */
export function keyFileFinding(files: readonly { readonly path: string; readonly mode: number }[]): Finding {
  const open = files.filter(({ mode }) => (mode & 0o077) !== 0);
  if (open.length === 0) return good("key files", `${files.length} key files, readable by their owner only`);
  return {
    what: "key files",
    level: "bad",
    line: `others may read or write ${open.map(({ path }) => path).join(", ")}`,
    next: `Close them: chmod 600 ${open.map(({ path }) => path).join(" ")}; treat their keys as known to others.`,
  };
}

/** The last backup of the database that Corepool runs itself. */
export function backupFinding(lastAt: number | undefined, now: number): Finding {
  const next = "Make one: corepool backup FOLDER, on another disk, and again each day.";
  if (lastAt === undefined) return weak("backup", "this market was never backed up", next);
  const days = Math.floor((now - lastAt) / DAY_MS);
  if (now - lastAt > FRESH_BACKUP_MS) return weak("backup", `the last backup is ${days} days old`, next);
  return good("backup", days === 0 ? "backed up within a day" : `backed up ${days} days ago`);
}

/** A database of somebody else's, whose backups we cannot see. `archives`: whether it archives its WAL; undefined: unknown. */
export function externalBackupFinding(archives: boolean | undefined): Finding {
  if (archives === true) return good("backup", "the database archives its WAL; its base backups are its operator's");
  return weak(
    "backup",
    archives === false
      ? "no backups are configured: the database does not archive its WAL"
      : "whether the database is backed up could not be seen",
    "Set archive_mode and archive_command, and take base backups: see docs/operations.md.",
  );
}
