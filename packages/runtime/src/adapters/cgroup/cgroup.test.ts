import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { delegateCgroups } from "../../supervisor/cgroups.ts";
import { findCgroupMounts, parseCgroupMounts, parseOwnCgroups, usableVersion } from "./detect.ts";
import { cgroupV1 } from "./v1.ts";
import { cgroupV2 } from "./v2.ts";

const MOUNTS_V1 = ["cpu", "memory", "pids"]
  .map((name) => `cgroup /sys/fs/cgroup/${name} cgroup rw,relatime,${name} 0 0`)
  .join("\n");
const HYBRID = `${MOUNTS_V1}\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n`;
const V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
const LIMITS = { cpus: 1.5, memoryBytes: 1000, diskBytes: 1, pids: 10 };
const USER = { name: "me", uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A directory tree that looks like a host, with these files in it. */
function host(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "corepool-cgroup-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}
const read = (...path: string[]): string => readFileSync(join(...path), "utf8");

test("a hybrid host limits by v1, a unified one by v2, others not at all", async () => {
  const found = async (mounts: string, controllers: string) =>
    usableVersion(
      await findCgroupMounts(
        host({
          "proc/self/mounts": mounts,
          "sys/fs/cgroup/cgroup.controllers": controllers,
          "sys/fs/cgroup/unified/cgroup.controllers": controllers,
        }),
      ),
    );
  expect(await found(HYBRID, "hugetlb\n")).toBe("v1");
  expect(await found(V2, "cpuset cpu io memory pids\n")).toBe("v2");
  expect(await found(V2, "cpu memory\n")).toBeNull();
  expect(await found("cgroup /c cgroup rw,memory 0 0\n", "")).toBeNull();
  expect(await found("", "")).toBeNull();
});

test("mounts with several controllers and odd names are read", () => {
  const { unified, v1 } = parseCgroupMounts(
    "cgroup /a\\040b cgroup rw,cpu,cpuacct 0 0\ntmpfs /c tmpfs rw,memory 0 0\n",
  );
  expect([unified, [...v1]]).toEqual([null, [["cpu", "/a b"]]]);
  expect([...parseOwnCgroups("5:cpu,cpuacct:/x/y\n0::/z\nnonsense\n")]).toEqual([
    ["cpu", "/x/y"],
    ["cpuacct", "/x/y"],
    ["", "/z"],
  ]);
});

test("v2 writes the limits, reads what was used and kills at once", async () => {
  const directory = host({});
  const cgroup = await cgroupV2({ version: "v2", directory }).create("a", LIMITS);
  expect(cgroup.join).toEqual([join(directory, "a/cgroup.procs")]);
  for (const [file, value] of [
    ["memory.max", "1000"],
    ["memory.swap.max", "0"],
    ["pids.max", "12"],
    ["cpu.max", "150000 100000"],
  ] as const)
    expect(read(directory, "a", file)).toBe(value);
  for (const [file, value] of [
    ["memory.current", "5\n"],
    ["memory.peak", "9\n"],
    ["memory.events", "low 0\noom 3\noom_kill 2\n"],
  ] as const)
    writeFileSync(join(directory, "a", file), value);
  expect(await cgroup.usage()).toEqual({ memoryBytes: 5, peakBytes: 9, oomKills: 2 });
  await cgroup.kill();
  expect(read(directory, "a/cgroup.kill")).toBe("1");
  rmSync(join(directory, "a"), { recursive: true });
  await cgroup.remove();
  expect(await cgroup.usage()).toEqual({ memoryBytes: 0, peakBytes: 0, oomKills: 0 });
});

test("v1 limits memory with swap where the kernel accounts it", async () => {
  const base = host({
    "memory/a/memory.memsw.limit_in_bytes": "",
    "memory/a/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n",
  });
  const [memory, pids, cpu] = [join(base, "memory"), join(base, "pids"), join(base, "cpu")];
  const cgroup = await cgroupV1({ version: "v1", memory, pids, cpu }).create("a", LIMITS);
  expect([
    read(memory, "a/memory.limit_in_bytes"),
    read(memory, "a/memory.memsw.limit_in_bytes"),
    read(pids, "a/pids.max"),
  ]).toEqual(["1000", "1000", "12"]);
  expect([read(cpu, "a/cpu.cfs_period_us"), read(cpu, "a/cpu.cfs_quota_us")]).toEqual(["100000", "150000"]);
  expect((await cgroup.usage()).oomKills).toBe(4);
});

test("v2 delegation enables the controllers and gives the agent what the kernel's rule asks for", async () => {
  const names = ["cgroup.procs", "cgroup.threads"].map((file) => [`sys/fs/cgroup/corepool-x/${file}`, ""]);
  const root = host({
    "proc/self/mounts": V2,
    "sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
    ...Object.fromEntries(names),
  });
  const cgroups = await delegateCgroups("corepool-x", USER, root);
  const directory = join(root, "sys/fs/cgroup/corepool-x");
  expect([cgroups.delegation, cgroups.missing]).toEqual([{ version: "v2", directory }, null]);
  expect(read(root, "sys/fs/cgroup/cgroup.subtree_control")).toBe("+memory +pids +cpu");
  expect(read(directory, "cgroup.subtree_control")).toBe("+memory +pids +cpu");
  await cgroups.adopt(77);
  expect(read(directory, ".agent/cgroup.procs")).toBe("77");
});

test("v1 delegation lies below this process's own cgroups and is removed when empty", async () => {
  const root = host({
    "proc/self/mounts": HYBRID,
    "proc/self/cgroup": "3:memory:/outer\n2:cpu,cpuacct:/\n1:pids:/\n0::/\n",
    "sys/fs/cgroup/unified/cgroup.controllers": "",
  });
  const cgroups = await delegateCgroups("corepool-x", USER, root);
  expect(cgroups.delegation).toMatchObject({
    version: "v1",
    memory: join(root, "sys/fs/cgroup/memory/outer/corepool-x"),
    cpu: join(root, "sys/fs/cgroup/cpu/corepool-x"),
  });
  await cgroups.release();
  expect(() => statSync(join(root, "sys/fs/cgroup/memory/outer/corepool-x"))).toThrow("ENOENT");
});

test("a host without controllers says what that means", async () => {
  const cgroups = await delegateCgroups("corepool-x", USER, host({ "proc/self/mounts": "" }));
  expect([cgroups.delegation, cgroups.missing]).toEqual([null, expect.stringContaining("CPU is not limited")]);
});
