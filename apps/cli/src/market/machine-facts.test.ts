import { describe, expect, it } from "vitest";
import type { Finding } from "./finding.ts";
import {
  backupFinding,
  bpfFinding,
  clockFinding,
  corePatternFinding,
  externalBackupFinding,
  fileLimitFinding,
  fullnessFinding,
  keyFileFinding,
  skewFinding,
  swapFinding,
} from "./machine-facts.ts";

const DAY = 86_400_000;
const meminfo = (total: number, free: number) =>
  `MemTotal: 8000000 kB\nSwapTotal:       ${total} kB\nSwapFree:        ${free} kB\n`;
const limits = (hard: string) =>
  `Limit Soft Hard Units\nMax open files            1024                 ${hard}    files\n`;
const disk = (used: number, files: number) => ({ blocks: 100, bavail: 100 - used, files: 100, ffree: 100 - files });

/** Each weakness: how it looks, and how a machine without it looks. */
const CASES: readonly (readonly [string, Finding, Finding["level"], RegExp])[] = [
  ["no swap", swapFinding(meminfo(0, 0)), "good", /no swap/],
  ["swap on disk", swapFinding(meminfo(1000, 1000)), "weak", /written to disk/],
  ["swap in use", swapFinding(meminfo(1000, 100)), "weak", /90 %.*short of memory/],
  ["unknown swap", swapFinding(""), "weak", /could not be read/],
  ["room on the disk", fullnessFinding(disk(50, 1)), "good", /50 %/],
  ["a full disk", fullnessFinding(disk(95, 1)), "weak", /95 % of the disk's space/],
  ["no inodes", fullnessFinding(disk(10, 99)), "weak", /99 % of the disk's inodes/],
  ["a file system without inodes", fullnessFinding({ ...disk(10, 0), files: 0, ffree: 0 }), "good", /10 %/],
  ["many files", fileLimitFinding(limits("1048576")), "good", /1048576/],
  ["unlimited files", fileLimitFinding(limits("unlimited")), "good", /unlimited/],
  ["few files", fileLimitFinding(limits("1024")), "weak", /only 1024/],
  ["an unknown limit", fileLimitFinding(""), "weak", /could not be read/],
  ["plain core dumps", corePatternFinding("core\n"), "good", /no program/],
  [
    "piped core dumps",
    corePatternFinding("|/usr/share/apport/apport -p%p\n"),
    "weak",
    /\/usr\/share\/apport\/apport as root/,
  ],
  ["closed BPF", bpfFinding("2\n"), "good", /may not/],
  ["open BPF", bpfFinding("0\n"), "weak", /may load BPF/],
  ["a kept clock", clockFinding("chrony"), "good", /chrony/],
  ["a clock that nobody keeps", clockFinding(undefined), "weak", /nothing that keeps the clock/],
  ["equal clocks", skewFinding(1_000_900, 1_000_000, 20), "good", /agrees/],
  ["a slow answer", skewFinding(1_009_000, 1_000_000, 9_000), "good", /agrees/],
  ["a clock ahead", skewFinding(1_100_000, 1_000_000, 20), "bad", /99 s away/],
  ["a clock behind", skewFinding(900_000, 1_000_000, 20), "bad", /99 s away/],
  ["closed keys", keyFileFinding([{ path: "/k/a", mode: 0o100600 }]), "good", /1 key files/],
  [
    "open keys",
    keyFileFinding([
      { path: "/k/a", mode: 0o100600 },
      { path: "/k/b", mode: 0o100644 },
    ]),
    "bad",
    /\/k\/b$/,
  ],
  ["keys that others may write", keyFileFinding([{ path: "/k/a", mode: 0o100602 }]), "bad", /\/k\/a/],
  ["no backup", backupFinding(undefined, 0), "weak", /never/],
  ["a fresh backup", backupFinding(10 * DAY, 10 * DAY + 5), "good", /within a day/],
  ["a backup of days ago", backupFinding(10 * DAY, 13 * DAY), "good", /3 days ago/],
  ["an old backup", backupFinding(10 * DAY, 40 * DAY), "weak", /30 days old/],
  ["a database that archives", externalBackupFinding(true), "good", /archives its WAL/],
  ["a database that does not", externalBackupFinding(false), "weak", /no backups are configured/],
  ["a database that does not say", externalBackupFinding(undefined), "weak", /could not be seen/],
];

describe("what the doctor makes of a machine", () => {
  it.each(CASES)("%s", (_, finding, level, line) => {
    expect(finding.level).toBe(level);
    expect(finding.line).toMatch(line);
    // Whatever is not good comes with its cure, in one line.
    if (level !== "good") expect(finding.next).toMatch(/^[^\n]+$/);
  });
});
