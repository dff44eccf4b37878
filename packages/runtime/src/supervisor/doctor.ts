import { access } from "node:fs/promises";
import type { MissingCapability } from "@corepool/core/ports/runtime";
import { inspectBubblewrap } from "../adapters/bubblewrap/capabilities.ts";
import { findCgroupMounts, usableVersion } from "../adapters/cgroup/detect.ts";

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Tools that the supervisor calls, with the Debian package that has each. */
const TOOLS = {
  useradd: "passwd",
  setpriv: "util-linux",
  mke2fs: "e2fsprogs",
  mount: "mount",
  umount: "mount",
} as const;
/** The user and group `nobody`: the trial sandbox of a root process must not be root's. */
const NOBODY = 65_534;

/**
 * Everything that this machine lacks for running workloads, one clear line each, without changing anything. For root
 * this covers what the supervisor will do; an ordinary user learns what his agent cannot enforce.
 */
export async function inspectMachine(): Promise<MissingCapability[]> {
  const root = process.getuid?.() === 0;
  const { missing } = await inspectBubblewrap(root ? { uid: NOBODY, gid: NOBODY } : {});
  const add = (what: string, line: string, fatal = false): void => void missing.push({ what, line, fatal });
  if (!root) {
    add(
      "root",
      "Not started as root: no cgroup and no workspace of its own size; memory and disk are watched, CPU is not limited, and offers say so.",
    );
    return missing;
  }
  for (const [tool, debianPackage] of Object.entries(TOOLS)) {
    const found = await Promise.all(
      ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map((directory) => exists(`${directory}/${tool}`)),
    );
    if (!found.includes(true))
      add(
        tool,
        `${tool} is not installed: apt-get install ${debianPackage}.`,
        tool === "useradd" || tool === "setpriv",
      );
  }
  if (!(await exists("/dev/loop-control")))
    add("loop", "There is no /dev/loop-control: workspaces are plain directories whose size is watched, not enforced.");
  if (usableVersion(await findCgroupMounts()) === null)
    add("cgroup", "No cgroup controllers for memory, pids and cpu are mounted: memory is watched, CPU is not limited.");
  return missing;
}
