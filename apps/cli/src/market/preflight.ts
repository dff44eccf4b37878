import { execFile } from "node:child_process";
import { readFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { anvilBinary } from "@corepool/chain/local/binary";
import { formatBytes } from "@corepool/core/bytes";
import { CorepoolError } from "@corepool/core/errors";
import { systemCode } from "../files.ts";
import { sandboxFindings } from "./agent-findings.ts";
import type { Finding } from "./finding.ts";

const run = promisify(execFile);

const MIN_MEMORY = 768 * 2 ** 20;
const MIN_DISK = 2 ** 30;

async function memory(): Promise<Finding> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const kib = Number(/^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(kib)) return { what: "memory", level: "weak", line: "free memory could not be read" };
  const free = kib * 1024;
  if (free < MIN_MEMORY)
    return {
      what: "memory",
      level: "bad",
      line: `${formatBytes(free)} memory free; a market needs ${formatBytes(MIN_MEMORY)}`,
      next: "Close something, or use a machine with more memory.",
    };
  return { what: "memory", level: "good", line: `${formatBytes(free)} memory free` };
}

async function disk(dir: string): Promise<Finding> {
  for (let place = dir; ; place = dirname(place)) {
    const stats = await statfs(place).catch((error: unknown) => {
      if (systemCode(error) === "ENOENT" && place !== dirname(place)) return undefined;
      throw error;
    });
    if (stats === undefined) continue;
    const free = stats.bavail * stats.bsize;
    if (free < MIN_DISK)
      return {
        what: "disk",
        level: "bad",
        line: `${formatBytes(free)} disk free at ${place}; a market needs ${formatBytes(MIN_DISK)}`,
        next: "Free some, or put COREPOOL_HOME elsewhere.",
      };
    return { what: "disk", level: "good", line: `${formatBytes(free)} disk free at ${place}` };
  }
}

function chainNode(): Finding {
  try {
    anvilBinary();
    return { what: "chain node", level: "good", line: "anvil is installed" };
  } catch (error) {
    return {
      what: "chain node",
      level: "bad",
      line: error instanceof Error ? error.message : String(error),
      next: "Run: npm install",
    };
  }
}

async function python(): Promise<Finding> {
  const found = await run("/usr/bin/python3", ["-c", "import sklearn; print(sklearn.__version__)"], {
    timeout: 60_000,
  }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (found === undefined)
    return {
      what: "python",
      level: "weak",
      line: "python3 with scikit-learn is not installed: examples/digits cannot run here",
      next: "Install it: apt-get install python3 python3-numpy python3-sklearn",
    };
  return { what: "python", level: "good", line: `python3 with scikit-learn ${found}` };
}

/** What a local market cannot do without. */
export async function essentials(dir: string): Promise<readonly Finding[]> {
  const [memoryFound, diskFound, sandbox] = await Promise.all([memory(), disk(dir), sandboxFindings()]);
  return [memoryFound, diskFound, chainNode(), ...sandbox];
}

/** What is good to have. */
export async function extras(): Promise<readonly Finding[]> {
  return [await python()];
}

/** Rejects with `setup-failed` naming everything that is missing, before anything is started. */
export async function checkMachine(dir: string): Promise<void> {
  const bad = (await essentials(dir)).filter((f) => f.level === "bad");
  const first = bad[0];
  if (first === undefined) return;
  throw new CorepoolError("setup-failed", {
    detail: `${bad.map((f) => f.line).join("; ")}. Nothing was started.`,
    ...(first.next === undefined
      ? {}
      : {
          next: bad
            .map((f) => f.next)
            .filter((n) => n !== undefined)
            .join(" "),
        }),
  });
}
