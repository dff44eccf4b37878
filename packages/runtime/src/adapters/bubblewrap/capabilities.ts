import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Isolation, MissingCapability } from "@corepool/core/ports/runtime";
import { bubblewrapVersion, findBubblewrap, hostArchitecture, initBinary, olderThan } from "./host.ts";
import type { Preparation } from "./preparation.ts";

const run = promisify(execFile);

/** The oldest bubblewrap that knows --disable-userns, without which a workload could make user namespaces. */
const OLDEST = "0.8.0";
/** The first with the fix for CVE-2026-87766. Older ones are accepted, and the offer says so. */
const FIXED = "0.12.0";

export interface HostFindings {
  readonly bubblewrap: string | null;
  readonly isolation: Isolation | null;
  readonly missing: readonly MissingCapability[];
}

/** Why the kernel may refuse an ordinary user a namespace, read from where each kernel says it. */
async function namespaceHint(): Promise<string> {
  const setting = async (name: string): Promise<string> => (await readFile(`/proc/sys/${name}`, "utf8").catch(() => "")).trim();
  if ((await setting("user/max_user_namespaces")) === "0") return "user.max_user_namespaces is 0: set it to 15000 with sysctl.";
  if ((await setting("kernel/unprivileged_userns_clone")) === "0") return "kernel.unprivileged_userns_clone is 0: set it to 1 with sysctl.";
  if ((await setting("kernel/apparmor_restrict_unprivileged_userns")) === "1") return "AppArmor restricts user namespaces: set kernel.apparmor_restrict_unprivileged_userns to 0 or add a profile for bwrap.";
  return "Allow unprivileged user namespaces on this machine; inside a container they are often forbidden.";
}

/**
 * Finds out, by trying, what this process can sandbox. Nothing is assumed from names or versions alone: the trial run
 * makes all the namespaces that a workload gets.
 */
export async function inspectHost(preparation: Preparation): Promise<HostFindings> {
  const missing: MissingCapability[] = [...preparation.missing];
  const lack = (what: string, line: string): HostFindings => ({ bubblewrap: null, isolation: null, missing: [...missing, { what, line, fatal: true }] });
  if (process.getuid?.() === 0) return lack("ordinary-user", "The agent runs as root, under which bubblewrap is no sandbox: start it through its supervisor, or as an ordinary user.");
  const architecture = hostArchitecture();
  if (architecture === null || process.platform !== "linux") return lack("linux", `Workloads run on Linux on x86-64 or 64-bit ARM; this is ${process.platform} on ${process.arch}.`);
  const bubblewrap = await findBubblewrap();
  if (bubblewrap === null) return lack("bubblewrap", "bubblewrap is not installed: apt-get install bubblewrap.");
  const version = await bubblewrapVersion(bubblewrap).catch(() => "0");
  if (olderThan(version, OLDEST)) return lack("bubblewrap", `bubblewrap ${version} is too old to forbid nested user namespaces: install ${OLDEST} or later.`);
  const trial = ["--unshare-all", "--unshare-user", "--disable-userns", "--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev", "--ro-bind", initBinary(architecture), "/init", "/init"];
  // Our init without a command to follow leaves with 120: it ran, so every namespace and mount before it worked.
  const failure = await run(bubblewrap, trial, { timeout: 20_000, env: {} }).then(() => null, (error: { code?: unknown; stderr?: string }) => (error.code === 120 ? null : (error.stderr ?? "").trim().split("\n")[0]));
  if (failure !== null) return lack("namespaces", `bubblewrap cannot make a sandbox here (${failure || "no reason given"}). ${await namespaceHint()}`);

  const weaknesses: string[] = [];
  if (olderThan(version, FIXED)) {
    weaknesses.push(`bubblewrap<${FIXED}:CVE-2026-87766`);
    missing.push({ what: "bubblewrap-fixed", line: `bubblewrap ${version} lacks the fix for CVE-2026-87766 (in ${FIXED}); offers from this machine say so.`, fatal: false });
  }
  if (preparation.cgroup === null) weaknesses.push("memory-and-cpu-limits-per-process-only");
  const watched = preparation.slots.some((slot) => slot.diskBytes === null);
  if (watched) weaknesses.push("disk-limit-watched-not-enforced");
  const isolation: Isolation = {
    runtime: "bubblewrap", runtimeVersion: version, user: preparation.user, limits: preparation.cgroup === null ? "rlimit" : `cgroup-${preparation.cgroup.version}`,
    workspace: watched ? "watched" : "ext4-loop", seccomp: true, network: "none", weaknesses,
  };
  return { bubblewrap, isolation, missing };
}
