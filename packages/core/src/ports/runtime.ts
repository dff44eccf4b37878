/**
 * The port through which workloads run. Its adapters live in `@corepool/runtime`; one conformance suite
 * (`@corepool/runtime/conformance`) runs against each of them.
 *
 * Two rules shape it. A sandbox outlives the agent: everything needed to find it again is on disk, so a restarted
 * agent calls `list` and `attach`. And what a sandbox really enforces is data (`Isolation`): the offer and the lease
 * carry it, so that a weaker host is never a silent fallback.
 */

/**
 * What a sandbox on this host really enforces. The wire's form is `isolation` in `@corepool/protocol/spec`; a unit's
 * specification holds it, so the offer's hash covers it.
 */
export interface Isolation {
  readonly runtime: "bubblewrap";
  /** As the engine reports it, e.g. `0.8.0`. */
  readonly runtimeVersion: string;
  /** `dedicated`: the agent's own system user; `operator`: the ordinary user who started the agent. */
  readonly user: "dedicated" | "operator";
  /** `cgroup-*`: memory, CPU and processes of the whole sandbox; `rlimit`: memory of each process, no CPU limit. */
  readonly limits: "cgroup-v1" | "cgroup-v2" | "rlimit";
  /** `ext4-loop`: writes past the limit fail; `watched`: a workload found above its limit is ended. */
  readonly workspace: "ext4-loop" | "watched";
  readonly seccomp: boolean;
  readonly network: "none";
  /** Known weaknesses of this host, one short line each. */
  readonly weaknesses: string[];
}

/** One thing that the host lacks: what it is, why it matters and what the owner can do, in one line. */
export interface MissingCapability {
  readonly what: string;
  readonly line: string;
  /** Whether no sandbox can run without it. */
  readonly fatal: boolean;
}

/** What this host can do for workloads. `isolation` is null when no sandbox can run here at all. */
export interface RuntimeCapabilities {
  readonly isolation: Isolation | null;
  readonly missing: readonly MissingCapability[];
  /** Workspace slots that the host prepared, with the disk limit of each in bytes (null: not bounded by a quota). */
  readonly slots: readonly { readonly slot: string; readonly diskBytes: number | null }[];
}

/**
 * An input file: bound read-only at `/work/<path>`, with the mode bits of `hostFile` (an executable input needs a file
 * with them). `path` is relative with `/` separators and no `.` or `..`.
 */
export interface SandboxInput {
  readonly path: string;
  readonly hostFile: string;
}

/** Hard limits of one sandbox. `cpus` may be fractional (0.5 = half a core). */
export interface SandboxLimits {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly pids: number;
}

export interface SandboxSpec {
  /** Unique on this host, `[a-z0-9_-]{1,64}`; the agent uses the lease or attempt id. */
  readonly id: string;
  /** A slot of `capabilities.slots`; one live sandbox per slot. It is wiped before use. */
  readonly slot: string;
  /** The command, looked up in the sandbox's PATH. */
  readonly argv: readonly string[];
  /** Added to the sandbox's own small environment (PATH, HOME, LANG, TMPDIR, thread counts). */
  readonly env: Readonly<Record<string, string>>;
  readonly inputs: readonly SandboxInput[];
  readonly limits: SandboxLimits;
  /** Seconds from the start after which everything is killed, on a clock that also counts suspended time. */
  readonly deadlineSeconds: number;
  /** 32 bytes; the sandbox's init answers probes with it and the workload cannot read it. */
  readonly probeKey: Uint8Array;
}

/**
 * Why a workload ended. `exited` and `signalled` are its own doing; `out-of-memory` and `disk-full` its
 * limits, `deadline` its hard deadline, `stopped` a call of `stop` or `destroy`; `lost` means that the sandbox vanished
 * without a record (host restart, init killed from outside).
 */
export type SandboxEnd = "exited" | "signalled" | "out-of-memory" | "disk-full" | "deadline" | "stopped" | "lost";

/** The record a sandbox leaves. Times are nanoseconds since the host's boot; null where nothing was recorded. */
export interface SandboxResult {
  readonly reason: SandboxEnd;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly startedBootNs: bigint | null;
  readonly endedBootNs: bigint | null;
  /** CPU time of all its processes, microseconds. */
  readonly cpuUserUs: number;
  readonly cpuSystemUs: number;
  /** Largest resident set of any one process, or of the whole sandbox where a cgroup measures it. */
  readonly maxRssBytes: number;
  readonly logBytesKept: number;
  readonly logBytesDropped: number;
  /** Processes of the sandbox that the kernel killed for memory. */
  readonly oomKills: number;
}

export interface SandboxStats {
  readonly elapsedMs: number;
  readonly cpuUs: number;
  /** Memory in use now: of the cgroup where there is one, else the largest resident set so far. */
  readonly memoryBytes: number;
  /** Room that its files take; null where the workspace is no file system of its own, which would have to be walked. */
  readonly diskBytes: number | null;
  readonly processes: number;
  readonly frozen: boolean;
  readonly logBytesKept: number;
  readonly logBytesDropped: number;
}

/** Part of a workload's output. `notice` is written by the sandbox itself (e.g. the command was not found). */
export interface LogChunk {
  readonly stream: "stdout" | "stderr" | "notice";
  readonly bytes: Uint8Array;
  /** Nanoseconds since the host's boot at which the sandbox read it. */
  readonly bootNs: bigint;
  /** Position just after this chunk: give it to `readLog` to go on from here. */
  readonly next: number;
}

/** `offset` and `next` are opaque positions that grow; 0 is the beginning. An empty list means nothing new yet. */
export interface LogPage {
  readonly chunks: readonly LogChunk[];
  readonly next: number;
}

export interface OutputFile {
  readonly path: string;
  readonly bytes: number;
}
/** Why an entry of `/work/outputs` is not taken. */
export type OutputRefusal =
  | "symlink"
  | "hardlink"
  | "special-file"
  | "bad-name"
  | "too-deep"
  | "too-many"
  | "too-large"
  | "other-device"
  | "twin-name"
  | "unreadable";
export interface OutputListing {
  readonly files: readonly OutputFile[];
  /** Entries refused, with the reason; at most 100 are listed, `refusedCount` counts all. */
  readonly refused: readonly { readonly path: string; readonly reason: OutputRefusal }[];
  readonly refusedCount: number;
  readonly totalBytes: number;
}

/** Bounds for `outputs`; anything beyond is refused with its reason. */
export interface OutputBounds {
  readonly maxFiles: number;
  readonly maxDepth: number;
  readonly maxTotalBytes: number;
}

/** One sandbox, running or ended. Every call works after a restart of the agent too. */
export interface SandboxHandle {
  readonly id: string;
  readonly slot: string;
  /** What this very sandbox got; it goes into the lease's record. */
  readonly isolation: Isolation;
  /**
   * A round trip through the sandbox's init: `HMAC-SHA256(probeKey, "corepool-probe-v1" || nonce)`, 32 bytes.
   * Answered while frozen too. Rejects once the sandbox has ended.
   * @param nonce 32 bytes
   */
  probe(nonce: Uint8Array): Promise<Uint8Array>;
  /** Stops every process of the workload where it is; the init goes on answering. Idempotent. */
  freeze(): Promise<void>;
  /** Undoes `freeze`. Idempotent. */
  thaw(): Promise<void>;
  /** Asks politely (SIGTERM, thawed first), then kills after `graceMs`. Resolves once everything is dead. Idempotent. */
  stop(graceMs: number): Promise<void>;
  /** Moves the hard deadline. @param deadlineSeconds seconds from the start of the workload, not from now */
  extend(deadlineSeconds: number): Promise<void>;
  stats(): Promise<SandboxStats>;
  /** Resolves when the workload and all its processes are gone; at once if they are. May be called many times. */
  wait(): Promise<SandboxResult>;
  /** Reads what was logged from `offset` on, at most about `maxBytes` of it. */
  readLog(offset: number, maxBytes: number): Promise<LogPage>;
  /** Like `readLog`, and waits for more until the workload has ended or `signal` is aborted. */
  followLog(offset: number, signal?: AbortSignal): AsyncIterable<LogChunk>;
  /**
   * Regular files under `/work/outputs`, sorted by path. Safe on a hostile workspace. Whatever the bounds say, they take
   * no more bytes together than the sandbox had disk: holes count.
   */
  outputs(bounds?: OutputBounds): Promise<OutputListing>;
  /** The bytes of one listed output; rejects when it is no longer the same kind of file. */
  readOutput(path: string): AsyncIterable<Uint8Array>;
  /** Ends the sandbox if it lives, wipes its workspace and forgets it, logs included. Idempotent. */
  destroy(): Promise<void>;
}

export interface Runtime {
  probeCapabilities(): Promise<RuntimeCapabilities>;
  /** Wipes the slot, starts the workload and resolves once it runs (or has already ended). */
  create(spec: SandboxSpec): Promise<SandboxHandle>;
  /** Ids of all sandboxes not yet destroyed, running or ended, also those of an earlier agent process. */
  list(): Promise<readonly string[]>;
  /** Finds a sandbox again; null when there is none of that id. */
  attach(id: string): Promise<SandboxHandle | null>;
  /** Lets go of connections and timers; sandboxes live on. */
  close(): Promise<void>;
}
