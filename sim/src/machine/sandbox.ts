import type { LogChunk, SandboxResult, SandboxSpec } from "@corepool/core/ports/runtime";
import type { Executor, Scheduled } from "../world/executor.ts";

/** What the command of a simulated workload says it will do. */
export interface Script {
  /** Milliseconds of running that it takes. */
  readonly runsMs: number;
  readonly exitCode: number;
  readonly outputBytes: number;
}

export const commandOf = (script: Script): string[] => ["sim", JSON.stringify(script)];

function scriptOf(argv: readonly string[]): Script {
  return JSON.parse(argv[1] ?? "{}") as Script;
}

/** What was seen of a workload by the world itself, which nobody in it can forge. */
export interface SandboxHistory {
  readonly id: string;
  /** Milliseconds of virtual time. */
  readonly startedAt: number;
  firstProbeAt: number | undefined;
  /** When its client had sent the first probe that came through. */
  firstAskedAt: number | undefined;
  lastProbeAt: number | undefined;
  ranMs: number;
  endedAt: number | undefined;
}

const encoder = new TextEncoder();

/** One workload in its sandbox: runs its script on virtual time, can be frozen, outlives the agent. */
export class Sandbox {
  readonly spec: SandboxSpec;
  readonly history: SandboxHistory;
  readonly script: Script;
  readonly #executor: Executor;
  readonly #ended = new Set<() => void>();
  #finish: Scheduled | undefined;
  #deadline: Scheduled | undefined;
  #runningSince: number | undefined;
  #result: SandboxResult | undefined;
  #frozen = false;

  constructor(spec: SandboxSpec, executor: Executor) {
    this.spec = spec;
    this.script = scriptOf(spec.argv);
    this.#executor = executor;
    this.history = {
      id: spec.id,
      startedAt: executor.now,
      firstProbeAt: undefined,
      firstAskedAt: undefined,
      lastProbeAt: undefined,
      ranMs: 0,
      endedAt: undefined,
    };
    this.#run();
    this.extend(spec.deadlineSeconds);
  }

  get result(): SandboxResult | undefined {
    return this.#result;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** Milliseconds that it has run, not counting the time frozen. */
  get ranMs(): number {
    return this.history.ranMs + (this.#runningSince === undefined ? 0 : this.#executor.now - this.#runningSince);
  }

  probed(): void {
    this.history.firstProbeAt ??= this.#executor.now;
    this.history.lastProbeAt = this.#executor.now;
  }

  freeze(): void {
    if (this.#result !== undefined || this.#frozen) return;
    this.#frozen = true;
    this.#pause();
  }

  thaw(): void {
    if (this.#result !== undefined || !this.#frozen) return;
    this.#frozen = false;
    this.#run();
  }

  extend(deadlineSeconds: number): void {
    if (this.#result !== undefined) return;
    this.#deadline?.cancel();
    const left = this.history.startedAt + deadlineSeconds * 1000 - this.#executor.now;
    this.#deadline = this.#executor.after(left, `deadline of ${this.spec.id}`, () => this.end("deadline"));
  }

  /** It is over, for whatever reason; the first one stands. */
  end(reason: SandboxResult["reason"]): void {
    if (this.#result !== undefined) return;
    this.#pause();
    this.#deadline?.cancel();
    this.history.endedAt = this.#executor.now;
    const lost = reason === "lost";
    const ns = (ms: number) => BigInt(Math.round(ms * 1e6));
    this.#result = {
      reason,
      exitCode: reason === "exited" ? this.script.exitCode : null,
      signal: null,
      startedBootNs: lost ? null : ns(this.history.startedAt),
      endedBootNs: lost ? null : ns(this.#executor.now),
      cpuUserUs: 0,
      cpuSystemUs: 0,
      maxRssBytes: 0,
      logBytesKept: 0,
      logBytesDropped: 0,
      oomKills: 0,
    };
    for (const told of this.#ended) told();
    this.#ended.clear();
  }

  /** Calls back when it ends, at once if it has; until the returned function is called. */
  whenEnded(told: () => void): () => void {
    if (this.#result !== undefined) told();
    else this.#ended.add(told);
    return () => this.#ended.delete(told);
  }

  /** One line at the start and one at the end. */
  log(offset: number): readonly LogChunk[] {
    const lines = ["begins\n", ...(this.#result === undefined ? [] : ["ends\n"])].slice(offset);
    return lines.map((line, i) => ({
      stream: "stdout",
      bytes: encoder.encode(line),
      bootNs: 0n,
      next: offset + i + 1,
    }));
  }

  #run(): void {
    this.#runningSince = this.#executor.now;
    const left = this.script.runsMs - this.history.ranMs;
    this.#finish = this.#executor.after(left, `${this.spec.id} exits`, () => this.end("exited"));
  }

  #pause(): void {
    this.#finish?.cancel();
    this.history.ranMs = this.ranMs;
    this.#runningSince = undefined;
  }
}
