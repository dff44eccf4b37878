import { execFile } from "node:child_process";
import { readFile, statfs } from "node:fs/promises";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import { promisify } from "node:util";
import { parseCpuModel, parseMemoryLimit, parseNvidiaSmi } from "../host-facts.ts";
import type { HostInventory } from "../ports.ts";

const run = promisify(execFile);
/** What a workload's PATH is: software elsewhere is of no use to it. */
const SANDBOX_PATH = "/usr/local/bin:/usr/bin:/bin";

const text = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");

/** Output of a program, or undefined when it is not there, fails or hangs. */
async function said(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  return run(command, args, { timeout: 20_000, env: { ...env } }).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

/** Finding a package's metadata is quick; importing it (torch) would take seconds. */
const PYTHON_PROBE = `
import importlib.metadata as m
for name in ("numpy", "scipy", "scikit-learn", "pandas", "torch"):
    try:
        m.version(name)
        print(name)
    except m.PackageNotFoundError:
        pass
`;

async function software(): Promise<readonly string[]> {
  const env = { PATH: SANDBOX_PATH };
  const found: string[] = [];
  const [python, node, bash] = await Promise.all([
    said("python3", ["-I", "-c", PYTHON_PROBE], env),
    said("node", ["--version"], env),
    said("bash", ["--version"], env),
  ]);
  if (bash !== undefined) found.push("bash");
  if (node !== undefined) found.push("node");
  if (python !== undefined) found.push("python3", ...python.split("\n").filter((name) => name !== ""));
  return found;
}

async function memory(): Promise<number> {
  const limits = await Promise.all(
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].map(async (path) =>
      parseMemoryLimit(await text(path)),
    ),
  );
  return Math.min(totalmem(), ...limits.filter((limit) => limit !== undefined));
}

/** Looks at this host once. @param dir where workspaces lie: its free space is what can be offered */
export async function inspectHost(dir: string): Promise<HostInventory> {
  const [cpuinfo, memoryBytes, disk, gpus, packages] = await Promise.all([
    text("/proc/cpuinfo"),
    memory(),
    statfs(dir),
    said("nvidia-smi", ["--query-gpu=uuid,name,memory.total", "--format=csv,noheader,nounits"], { PATH: SANDBOX_PATH }),
    software(),
  ]);
  return {
    cpus: availableParallelism(),
    cpuModel: parseCpuModel(cpuinfo) ?? cpus()[0]?.model ?? "unknown",
    memoryBytes,
    diskFreeBytes: disk.bavail * disk.bsize,
    gpus: parseNvidiaSmi(gpus ?? ""),
    software: packages,
    os: type(),
    arch: arch(),
    kernel: release(),
  };
}
