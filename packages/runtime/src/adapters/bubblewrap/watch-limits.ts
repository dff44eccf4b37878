import type { SandboxStats } from "@corepool/core/ports/runtime";
import { diskUsage } from "../workspace/usage.ts";
import type { SandboxMeta } from "./run-directory.ts";

const PERIOD_MS = 1_000;
/** A walk of the workspace may take at most this share of the time. */
const WALK_SHARE = 0.05;
const MAX_ENTRIES = 200_000;

export interface WatchedSandbox {
  readonly meta: SandboxMeta;
  /** Whether no cgroup limits memory, so that we must look. */
  readonly enforceMemory: boolean;
  stats(): Promise<SandboxStats>;
  kill(reason: "disk-full" | "out-of-memory"): Promise<unknown>;
  ended(): boolean;
}

/**
 * Ends a workload found above its disk or memory limit, where the kernel does not hold it below. Returns a function
 * that stops looking; where nothing needs watching, nothing is started.
 */
export function watchLimits(sandbox: WatchedSandbox): () => void {
  const { meta, enforceMemory } = sandbox;
  if (meta.quota && !enforceMemory) return () => undefined;
  let timer: NodeJS.Timeout;
  const look = async (): Promise<number> => {
    if (enforceMemory && (await sandbox.stats()).memoryBytes > meta.memoryBytes) await sandbox.kill("out-of-memory");
    if (meta.quota) return PERIOD_MS;
    const start = performance.now();
    if ((await diskUsage(meta.workspace, meta.diskBytes, MAX_ENTRIES)) > meta.diskBytes)
      await sandbox.kill("disk-full");
    return Math.max(PERIOD_MS, (performance.now() - start) / WALK_SHARE);
  };
  const again = (delay: number): void => {
    timer = setTimeout(() => {
      if (sandbox.ended()) return;
      look().then(again, () => again(PERIOD_MS));
    }, delay);
    timer.unref();
  };
  again(PERIOD_MS / 4);
  return () => clearTimeout(timer);
}
