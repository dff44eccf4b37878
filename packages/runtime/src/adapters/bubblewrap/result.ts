import type { SandboxEnd, SandboxResult } from "@corepool/core/ports/runtime";
import { z } from "zod";
import { textIfThere } from "./run-directory.ts";

/** The record that init writes when the workload has ended. */
const record = z.object({
  reason: z.enum(["exited", "signalled", "stopped", "deadline", "disk-full", "out-of-memory"]),
  exitCode: z.int().nullable(),
  signal: z.int().nullable(),
  startedBootNs: z.string().regex(/^\d+$/),
  endedBootNs: z.string().regex(/^\d+$/),
  cpuUserUs: z.int(),
  cpuSystemUs: z.int(),
  maxRssKiB: z.int(),
  logBytesKept: z.int(),
  logBytesDropped: z.int(),
});
export type StatusRecord = z.infer<typeof record>;

/** The record at `path`, or null while it is missing or not whole: init ends it with a brace and a newline. */
export async function readStatus(path: string): Promise<StatusRecord | null> {
  const text = await textIfThere(path);
  return text.endsWith("}\n") ? record.parse(JSON.parse(text)) : null;
}

/** What the cgroup of the sandbox adds; zero without one. */
export interface CgroupVerdict {
  readonly oomKills: number;
  readonly peakBytes: number;
}

/**
 * The result, from init's record (null when init itself was killed) and the cgroup's. Exit code 137 is a shell's way of
 * saying that its child was killed.
 */
export function resultOf(status: StatusRecord | null, cgroup: CgroupVerdict): SandboxResult {
  if (status === null) {
    return {
      reason: cgroup.oomKills > 0 ? "out-of-memory" : "lost",
      exitCode: null,
      signal: null,
      startedBootNs: null,
      endedBootNs: null,
      cpuUserUs: 0,
      cpuSystemUs: 0,
      maxRssBytes: cgroup.peakBytes,
      logBytesKept: 0,
      logBytesDropped: 0,
      oomKills: cgroup.oomKills,
    };
  }
  const killed = status.signal === 9 || status.exitCode === 137;
  const ownDoing = status.reason === "exited" || status.reason === "signalled";
  const reason: SandboxEnd = cgroup.oomKills > 0 && killed && ownDoing ? "out-of-memory" : status.reason;
  const { exitCode, signal, cpuUserUs, cpuSystemUs, logBytesKept, logBytesDropped } = status;
  return {
    reason,
    exitCode,
    signal,
    cpuUserUs,
    cpuSystemUs,
    logBytesKept,
    logBytesDropped,
    oomKills: cgroup.oomKills,
    startedBootNs: BigInt(status.startedBootNs),
    endedBootNs: BigInt(status.endedBootNs),
    // The cgroup's figure covers all processes together; the other is that of the largest alone.
    maxRssBytes: cgroup.peakBytes || status.maxRssKiB * 1024,
  };
}
