import { codeOf } from "@corepool/core/errors";
import type { SandboxHandle, SandboxInput } from "@corepool/core/ports/runtime";
import type { EndReason } from "@corepool/core/workload";
import type { AttemptDeps } from "./attempt-deps.ts";
import type { AttemptRecord } from "./journal-entries.ts";

/** How long a workload waits for a workspace that another one is leaving. */
const SLOT_WAIT_MS = 30_000;
/** Processes and threads that one workload may have. */
const PIDS = 512;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Why a workload never ran. */
export class PreparationFailed extends Error {
  readonly reason: EndReason;

  constructor(reason: EndReason, detail: string, cause?: unknown) {
    super(detail, { cause });
    this.name = "PreparationFailed";
    this.reason = reason;
  }
}

/**
 * Everything before a workload runs: inputs by hash, a workspace, the sandbox. A sandbox that an earlier run of the
 * agent started is taken as it is. Rejects with PreparationFailed, or with the signal's reason.
 */
export async function prepareSandbox(
  record: AttemptRecord,
  deps: AttemptDeps,
  signal: AbortSignal,
): Promise<SandboxHandle> {
  const { attempt, spec, terms, leasePublicKey, lease } = record.assignment;
  const running = await deps.runtime.attach(attempt);
  if (running !== null) {
    deps.slots.adopt(running.slot, attempt);
    return running;
  }
  const inputs: SandboxInput[] = [];
  for (const input of spec.inputs) {
    try {
      inputs.push({ path: input.path, hostFile: await deps.inputs.hold(attempt, input, signal) });
    } catch (error) {
      signal.throwIfAborted();
      if (codeOf(error) === "interrupted") throw error;
      throw new PreparationFailed(
        "input-unavailable",
        `The input ${input.path} could not be had: ${messageOf(error)}`,
        error,
      );
    }
  }
  const slot = await slotFor(attempt, spec.resources.diskBytes, deps, signal);
  await lookAtTime(deps);
  const left = terms.end - deps.chainTime.now();
  if (left <= 0) throw new PreparationFailed("deadline", "The lease ended before the workload could start.");
  try {
    return await deps.runtime.create({
      id: attempt,
      slot,
      argv: spec.command,
      env: spec.env,
      inputs,
      limits: {
        cpus: spec.resources.cpus,
        memoryBytes: spec.resources.memoryBytes,
        diskBytes: spec.resources.diskBytes,
        pids: PIDS,
      },
      deadlineSeconds: Math.min(spec.durationSeconds, left),
      probeKey: deps.keys.probeKey(leasePublicKey, lease),
    });
  } catch (error) {
    if (codeOf(error) === "interrupted") throw error;
    throw new PreparationFailed("sandbox-error", messageOf(error), error);
  }
}

/** Learns the chain's time, as this machine's clock may be wrong; without the chain it counts on from what it knows. */
async function lookAtTime({ chain, chainTime, log }: AttemptDeps): Promise<void> {
  try {
    chainTime.seen(Number((await chain.head()).timestamp));
  } catch (error) {
    log.warn("chain.unavailable", { detail: messageOf(error) });
  }
}

async function slotFor(holder: string, diskBytes: number, deps: AttemptDeps, signal: AbortSignal): Promise<string> {
  const { clock, slots } = deps;
  const until = clock.monotonic() + SLOT_WAIT_MS;
  for (;;) {
    const slot = slots.take(holder, diskBytes);
    if (slot !== undefined) return slot;
    const left = until - clock.monotonic();
    if (left <= 0) throw new PreparationFailed("sandbox-error", "No workspace of this machine became free.");
    const settled = new AbortController();
    await Promise.race([
      slots.freed,
      clock.sleep(left, AbortSignal.any([signal, settled.signal])).catch(() => undefined),
    ]);
    settled.abort();
    signal.throwIfAborted();
  }
}
