import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Isolation, MissingCapability } from "@corepool/core/ports/runtime";
import { knownHoles } from "../../policy/known-holes.ts";
import { bubblewrapVersion, findBubblewrap, hostArchitecture, olderThan } from "./host.ts";
import type { Preparation } from "./preparation.ts";

const run = promisify(execFile);

/** The oldest bubblewrap that knows --disable-userns, without which a workload could make user namespaces. */
const OLDEST = "0.8.0";

/** Why the kernel may refuse an ordinary user a namespace, read from where each kernel says it. */
async function namespaceHint(): Promise<string> {
  const setting = async (name: string): Promise<string> =>
    (await readFile(`/proc/sys/${name}`, "utf8").catch(() => "")).trim();
  if ((await setting("user/max_user_namespaces")) === "0")
    return "user.max_user_namespaces is 0: set it to 15000 with sysctl.";
  if ((await setting("kernel/unprivileged_userns_clone")) === "0")
    return "kernel.unprivileged_userns_clone is 0: set it to 1 with sysctl.";
  if ((await setting("kernel/apparmor_restrict_unprivileged_userns")) === "1")
    return "AppArmor restricts user namespaces: set kernel.apparmor_restrict_unprivileged_userns to 0 or add a profile for bwrap.";
  return "Allow unprivileged user namespaces on this machine; inside a container they are often forbidden.";
}

/** bubblewrap as found usable here, and what is wrong or weak. `path` is null when something fatal is missing. */
export interface BubblewrapFindings {
  readonly path: string | null;
  readonly version: string;
  readonly weaknesses: string[];
  readonly missing: MissingCapability[];
}

/**
 * Whether a sandbox can be made here, by making one: nothing is assumed from names or versions alone.
 * @param as whom to try as, where this process is root; an ordinary user tries as himself
 */
export async function inspectBubblewrap(
  as: { readonly uid?: number; readonly gid?: number } = {},
): Promise<BubblewrapFindings> {
  const lack = (what: string, line: string): BubblewrapFindings => ({
    path: null,
    version: "",
    weaknesses: [],
    missing: [{ what, line, fatal: true }],
  });
  if (process.platform !== "linux" || hostArchitecture() === null)
    return lack(
      "linux",
      `Workloads run on Linux on x86-64 or 64-bit ARM; this is ${process.platform} on ${process.arch}.`,
    );
  const path = await findBubblewrap();
  if (path === null) return lack("bubblewrap", "bubblewrap is not installed: apt-get install bubblewrap.");
  const version = await bubblewrapVersion(path).catch(() => "0");
  if (olderThan(version, OLDEST))
    return lack(
      "bubblewrap",
      `bubblewrap ${version} is too old to forbid nested user namespaces: install ${OLDEST} or later.`,
    );
  const trial = [
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "/usr/bin/true",
  ];
  const failure = await run(path, trial, { timeout: 20_000, env: {}, cwd: "/", ...as }).then(
    () => null,
    (error: { stderr?: string }) => (error.stderr ?? "").trim().split("\n")[0] ?? "",
  );
  if (failure !== null)
    return lack(
      "namespaces",
      `bubblewrap cannot make a sandbox here (${failure || "no reason given"}). ${await namespaceHint()}`,
    );
  // Versions with known holes are accepted, and the offer says so.
  const holes = knownHoles({ program: "bubblewrap", version });
  return {
    path,
    version,
    weaknesses: holes.map(({ id }) => id),
    missing: holes.map(({ cve, fixedIn }) => ({
      what: "bubblewrap-fixed",
      line: `bubblewrap ${version} lacks the fix for ${cve} (in ${fixedIn}); offers from this machine say so.`,
      fatal: false,
    })),
  };
}

export interface HostFindings {
  readonly bubblewrap: string | null;
  readonly isolation: Isolation | null;
  readonly missing: readonly MissingCapability[];
}

/** What this process can sandbox on the host that was prepared for it. */
export async function inspectHost(preparation: Preparation): Promise<HostFindings> {
  if (process.getuid?.() === 0) {
    const line =
      "The agent runs as root, under which bubblewrap is no sandbox: start it through its supervisor, or as an ordinary user.";
    return {
      bubblewrap: null,
      isolation: null,
      missing: [...preparation.missing, { what: "ordinary-user", line, fatal: true }],
    };
  }
  const { path, version, weaknesses, missing: lacking } = await inspectBubblewrap();
  const missing = [...preparation.missing, ...lacking];
  if (path === null) return { bubblewrap: null, isolation: null, missing };
  if (preparation.cgroup === null) weaknesses.push("memory-and-cpu-limits-per-process-only");
  const watched = preparation.slots.some((slot) => slot.diskBytes === null);
  if (watched) weaknesses.push("disk-limit-watched-not-enforced");
  const isolation: Isolation = {
    runtime: "bubblewrap",
    runtimeVersion: version,
    user: preparation.user,
    limits: preparation.cgroup === null ? "rlimit" : `cgroup-${preparation.cgroup.version}`,
    workspace: watched ? "watched" : "ext4-loop",
    seccomp: true,
    network: "none",
    weaknesses,
  };
  return { bubblewrap: path, isolation, missing };
}
