import type { SandboxResult } from "@corepool/core/ports/runtime";
import type { EndReason } from "@corepool/core/workload";
import { documentHash } from "@corepool/protocol/eip712";
import type { OutputFile, UsageReport } from "@corepool/protocol/spec";
import type { AttemptRecord } from "./journal-entries.ts";

/** How a workload ended, in the market's words. */
export interface Ending {
  readonly reason: EndReason;
  /** -1 when there was none. */
  readonly exitCode: number;
}

/** The market's word for the way a sandbox ended. `stop` is what was asked for, if anything was. */
export function endingOf(result: SandboxResult, stop: AttemptRecord["stop"]): Ending {
  const exitCode = result.exitCode ?? -1;
  if (result.reason === "lost") return { reason: "machine-lost", exitCode };
  if (result.reason === "stopped") return { reason: stop ?? "stopped-by-client", exitCode };
  return { reason: result.reason, exitCode };
}

/** Outputs sorted by path, as the report's hash wants them. */
export function sortedOutputs(outputs: readonly OutputFile[]): OutputFile[] {
  return [...outputs].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * The report about an attempt that is over. The run's length is the sandbox's own measure where it left one: it counts
 * suspended time and does not follow steps of the wall clock.
 */
export function usageReport(
  record: AttemptRecord,
  ending: Ending,
  outputs: readonly OutputFile[],
  result: SandboxResult | undefined,
  nowMs: number,
): UsageReport {
  const started = record.startedAtMs ?? nowMs;
  const measured =
    result?.startedBootNs != null && result.endedBootNs != null
      ? Number((result.endedBootNs - result.startedBootNs) / 1_000_000n)
      : undefined;
  const ended = Math.max(started, measured === undefined ? nowMs : started + measured);
  return {
    lease: record.assignment.lease,
    attempt: record.assignment.attempt,
    startedAtMs: String(started),
    endedAtMs: String(ended),
    frozenMs: String(Math.max(0, Math.min(Math.round(record.frozenMs), ended - started))),
    cpuMs: String(Math.floor(((result?.cpuUserUs ?? 0) + (result?.cpuSystemUs ?? 0)) / 1000)),
    maxRssBytes: String(result?.maxRssBytes ?? 0),
    exitCode: ending.exitCode,
    reason: ending.reason,
    outputs: documentHash(sortedOutputs(outputs)),
  };
}
