import type { Clock } from "@corepool/core/ports/clock";
import type { SandboxHandle } from "@corepool/core/ports/runtime";
import type { FromAgent } from "@corepool/protocol/agent";

/** How often a running workload is measured. */
export const SAMPLE_MS = 5_000;

export interface SamplerParts {
  readonly attempt: string;
  readonly clock: Clock;
  readonly handle: Pick<SandboxHandle, "stats">;
  /** Lost when the line is down: a gap in a chart is all that comes of it. */
  readonly send: (message: FromAgent) => Promise<void>;
  readonly everyMs: number;
}

/** Tells what a workload uses, at once and then every so often, until `over`. Rejects when the sandbox is gone. */
export async function sampleUsage(parts: SamplerParts, over: AbortSignal): Promise<void> {
  const { attempt, clock, handle, send, everyMs } = parts;
  while (!over.aborted) {
    const { cpuUs, memoryBytes, diskBytes, processes } = await handle.stats();
    const body = { attempt, cpuMs: Math.floor(cpuUs / 1000), memoryBytes, diskBytes, processes };
    await send({ type: "sample", body });
    await clock.sleep(everyMs, over).catch(() => undefined);
  }
}
