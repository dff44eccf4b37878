import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { CorepoolError } from "@corepool/core/errors";
import { toHex } from "@corepool/core/hex";
import { once } from "@corepool/core/once";
import type { SandboxHandle, SandboxResult, SandboxStats } from "@corepool/core/ports/runtime";
import type { SandboxCgroup } from "../cgroup/backend.ts";
import { DEFAULT_BOUNDS, listOutputs, readOutput } from "../workspace/outputs.ts";
import { wipe } from "../workspace/wipe.ts";
import type { InitConnection } from "./connection.ts";
import { reconnect } from "./launch.ts";
import { followLogFile, readLogFile } from "./log-file.ts";
import { readStatus, resultOf } from "./result.ts";
import { initProcess, type RunDirectory, removeRunDirectory, type SandboxMeta } from "./run-directory.ts";
import { watchLimits } from "./watch-limits.ts";

/** Bytes in use on the file system of a folder; null when it is not there any more. */
async function usedBytes(folder: string): Promise<number | null> {
  const found = await statfs(folder).catch(() => undefined);
  return found === undefined ? null : (found.blocks - found.bfree) * found.bsize;
}

export interface OpenedSandbox {
  readonly handle: SandboxHandle;
  /** Lets go of the connection; the sandbox lives on. */
  detach(): void;
}

const gone = (id: string): CorepoolError =>
  new CorepoolError("sandbox-gone", { detail: `The sandbox ${id} has ended.` });

/** A record that cannot be read is looked at again after a while; after so many times in a row it counts as lost. */
const UNREADABLE_MS = 250;
const MOST_UNREADABLE = 240;

/** How much longer than its grace a stop may take before the sandbox is killed from outside. */
const STOP_MARGIN_MS = 5_000;

/**
 * A handle on a sandbox that was launched by this process (`first` is its connection) or by an earlier one. It holds a
 * connection as long as the sandbox lives; the end of the connection is how it learns of the end of the workload.
 * @param currentBoot the host's boot id: init of an earlier boot cannot live
 * @param onDestroyed called once nothing of the sandbox is left
 */
export function openSandbox(
  meta: SandboxMeta,
  run: RunDirectory,
  cgroup: SandboxCgroup | null,
  first: InitConnection | null,
  currentBoot: string,
  onDestroyed: () => void,
): OpenedSandbox {
  let connection = first;
  let detached = false;
  let forced = false;
  let ended = false;

  const finished = async (): Promise<SandboxResult | null> => {
    const alive = meta.bootId === currentBoot ? await initProcess(run, meta.id) : null;
    // Read after the look at the process: a record written in between must not be taken for a loss.
    const status = await readStatus(run.status);
    if (status === null && alive !== null) return null;
    const usage = (await cgroup?.usage()) ?? { oomKills: 0, peakBytes: 0 };
    const result = resultOf(status, usage);
    return forced && result.reason === "lost" ? { ...result, reason: "stopped" } : result;
  };

  const live = async (): Promise<SandboxResult> => {
    for (let unreadable = 0; ; ) {
      await connection?.closed;
      connection = null;
      const result = await finished().catch(() => {
        if (++unreadable < MOST_UNREADABLE) return undefined;
        return resultOf(null, { oomKills: 0, peakBytes: 0 });
      });
      if (detached)
        throw new CorepoolError("interrupted", {
          detail: `The agent let go of the sandbox ${meta.id}, which lives on.`,
        });
      if (result === undefined) {
        await sleep(UNREADABLE_MS);
        continue;
      }
      unreadable = 0;
      if (result !== null) {
        ended = true;
        return result;
      }
      connection = await reconnect(run);
      if (connection === null) await sleep(20);
    }
  };
  const result = live();
  result.catch(() => undefined);

  const request = async (frame: string): Promise<string> => {
    // After attach, the loop above is still connecting.
    for (let attempt = 0; connection === null && !ended && !detached && attempt < 250; attempt++) await sleep(20);
    if (connection === null) throw gone(meta.id);
    return connection.request(frame);
  };

  const killFromOutside = async (): Promise<void> => {
    forced = true;
    const pid = await initProcess(run, meta.id);
    try {
      if (pid !== null) process.kill(pid, "SIGKILL");
    } catch {
      // It ended between the look and the kill.
    }
    await cgroup?.kill();
  };

  const stop = async (graceMs: number): Promise<void> => {
    if (ended) return;
    // Not waited for: an init that does not answer is killed from outside when the time is up.
    request(`stop ${Math.max(0, Math.round(graceMs))}`).catch(() => undefined);
    const patience = new AbortController();
    await Promise.race([
      result,
      sleep(graceMs + STOP_MARGIN_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    if (!ended) await killFromOutside();
    await result;
  };

  const stats = async (): Promise<SandboxStats> => {
    const [elapsedMs = 0, cpuUs = 0, memoryKiB = 0, processes = 0, frozen = 0, logBytesKept = 0, logBytesDropped = 0] =
      (await request("stats")).split(" ").map(Number);
    const memoryBytes = cgroup === null ? memoryKiB * 1024 : (await cgroup.usage()).memoryBytes;
    const diskBytes = meta.quota ? await usedBytes(meta.workspace) : null;
    return { elapsedMs, cpuUs, memoryBytes, diskBytes, processes, frozen: frozen === 1, logBytesKept, logBytesDropped };
  };

  const stopWatching = watchLimits({
    meta,
    enforceMemory: cgroup === null,
    stats,
    kill: (reason) => request(`kill ${reason}`),
    ended: () => ended || detached,
  });

  const destroy = once(async (): Promise<void> => {
    await stop(0);
    stopWatching();
    await cgroup?.remove();
    await wipe(meta.workspace);
    await removeRunDirectory(run);
    onDestroyed();
  });

  const handle: SandboxHandle = {
    id: meta.id,
    slot: meta.slot,
    isolation: meta.isolation,
    async probe(nonce) {
      if (nonce.length !== 32) throw new CorepoolError("bad-request", { detail: "A probe's nonce is 32 bytes." });
      return Buffer.from(await request(`probe ${toHex(nonce)}`), "hex");
    },
    freeze: async () => void (await request("freeze")),
    thaw: async () => void (await request("thaw")),
    stop,
    extend: async (deadlineSeconds) => void (await request(`deadline ${Math.round(deadlineSeconds * 1000)}`)),
    stats,
    wait: () => result,
    readLog: (offset, maxBytes) => readLogFile(run.log, offset, maxBytes),
    followLog: (offset, signal) => followLogFile(run.log, offset, result, signal),
    outputs: (bounds = DEFAULT_BOUNDS) =>
      listOutputs(meta.workspace, { ...bounds, maxTotalBytes: Math.min(bounds.maxTotalBytes, meta.diskBytes) }),
    readOutput: (path) => readOutput(meta.workspace, path),
    destroy,
  };
  return {
    handle,
    detach() {
      detached = true;
      stopWatching();
      connection?.close();
    },
  };
}
