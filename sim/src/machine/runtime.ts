import { CorepoolError } from "@corepool/core/errors";
import type {
  Isolation,
  LogChunk,
  Runtime,
  RuntimeCapabilities,
  SandboxHandle,
  SandboxResult,
  SandboxSpec,
} from "@corepool/core/ports/runtime";
import { probeAnswer } from "@corepool/protocol/probe";
import type { Executor } from "../world/executor.ts";
import type { SimProcess } from "../world/process.ts";
import type { SeededRandom } from "../world/random.ts";
import { Sandbox, type SandboxHistory } from "./sandbox.ts";

const ISOLATION: Isolation = {
  runtime: "bubblewrap",
  runtimeVersion: "0.12.0",
  user: "dedicated",
  limits: "cgroup-v2",
  workspace: "ext4-loop",
  seccomp: true,
  network: "none",
  weaknesses: [],
};

export interface HostWeather {
  /** Milliseconds to start a sandbox. */
  startMs: number;
  /** Chance that a sandbox cannot be started. */
  noStart: number;
}

/** A machine: its workspaces and the sandboxes in them, which live on while agents come and go. */
export class SimHost {
  readonly slots: RuntimeCapabilities["slots"];
  weather: HostWeather = { startMs: 0, noStart: 0 };
  /** Called when a sandbox is about to start. */
  onCreate: (spec: SandboxSpec) => void = () => undefined;
  /** Called when a running workload is frozen, and when a probe has come through. */
  onFreeze: (sandbox: Sandbox) => void = () => undefined;
  onProbe: (sandbox: Sandbox) => void = () => undefined;
  readonly #executor: Executor;
  readonly #random: SeededRandom;
  readonly #sandboxes = new Map<string, Sandbox>();
  /** Everything that ever ran here. */
  readonly histories: SandboxHistory[] = [];

  constructor(executor: Executor, random: SeededRandom, slots: number) {
    this.#executor = executor;
    this.#random = random;
    this.slots = Array.from({ length: slots }, (_, i) => ({ slot: `slot-${i}`, diskBytes: 2 ** 30 }));
  }

  /** Sandboxes that are not destroyed. */
  get sandboxes(): ReadonlyMap<string, Sandbox> {
    return this.#sandboxes;
  }

  /** The host starts anew: whatever ran is gone, its workspaces stay. */
  reboot(): void {
    for (const sandbox of this.#sandboxes.values()) sandbox.end("lost");
  }

  /** The runtime as one process of the agent reaches it. */
  runtimeFor(process: SimProcess): Runtime {
    const attach = async (id: string) => {
      const sandbox = this.#sandboxes.get(id);
      return sandbox === undefined ? null : handle(sandbox, process, this, () => this.#sandboxes.delete(id));
    };
    return {
      probeCapabilities: async () => ({ isolation: ISOLATION, missing: [], slots: this.slots }),
      create: async (spec) => {
        if (this.#random.chance(this.weather.noStart)) {
          await process.wait(this.weather.startMs, "fails to start a sandbox");
          throw new CorepoolError("sandbox-unavailable", { detail: "The sandbox could not be started." });
        }
        const holder = [...this.#sandboxes.values()].find((other) => other.spec.slot === spec.slot);
        if (holder?.result === undefined && holder !== undefined) throw new Error(`slot ${spec.slot} is in use`);
        this.onCreate(spec);
        const sandbox = new Sandbox(spec, this.#executor);
        this.#sandboxes.set(spec.id, sandbox);
        this.histories.push(sandbox.history);
        // It runs from here on, whether or not the agent lives to hear of it.
        if (this.weather.startMs > 0) await process.wait(this.weather.startMs, "starts a sandbox");
        const found = await attach(spec.id);
        if (found === null) throw new Error("the sandbox was destroyed while it started");
        return found;
      },
      list: async () => [...this.#sandboxes.keys()],
      attach,
      close: async () => undefined,
    };
  }
}

function handle(sandbox: Sandbox, process: SimProcess, host: SimHost, forget: () => void): SandboxHandle {
  const ended = (signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const unsubscribe = sandbox.whenEnded(() => process.enter(resolve));
      signal?.addEventListener(
        "abort",
        () => {
          unsubscribe();
          resolve();
        },
        { once: true },
      );
    });
  const gone = () => new CorepoolError("sandbox-gone", { detail: `The sandbox ${sandbox.spec.id} has ended.` });
  const wait = async (): Promise<SandboxResult> => {
    await ended();
    if (sandbox.result === undefined) throw gone();
    return sandbox.result;
  };
  const { outputBytes } = sandbox.script;
  return {
    id: sandbox.spec.id,
    slot: sandbox.spec.slot,
    isolation: ISOLATION,
    async probe(nonce) {
      if (sandbox.result !== undefined) throw gone();
      sandbox.probed();
      host.onProbe(sandbox);
      return probeAnswer(sandbox.spec.probeKey, nonce);
    },
    async freeze() {
      if (!sandbox.frozen && sandbox.result === undefined) host.onFreeze(sandbox);
      sandbox.freeze();
    },
    async thaw() {
      sandbox.thaw();
    },
    async stop(graceMs) {
      sandbox.thaw();
      if (sandbox.result === undefined) await process.wait(Math.min(graceMs, 100), "waits for a workload to stop");
      sandbox.end("stopped");
    },
    async extend(deadlineSeconds) {
      sandbox.extend(deadlineSeconds);
    },
    stats: async () => ({
      elapsedMs: 0,
      cpuUs: 0,
      memoryBytes: 0,
      diskBytes: null,
      processes: 1,
      frozen: sandbox.frozen,
      logBytesKept: 0,
      logBytesDropped: 0,
    }),
    wait,
    async readLog(offset) {
      const chunks = sandbox.log(offset);
      return { chunks, next: chunks.at(-1)?.next ?? offset };
    },
    async *followLog(offset, signal): AsyncGenerator<LogChunk> {
      let at = offset;
      for (;;) {
        const over = sandbox.result !== undefined;
        for (const chunk of sandbox.log(at)) {
          at = chunk.next;
          yield chunk;
        }
        if (over || signal?.aborted === true) return;
        await ended(signal);
      }
    },
    async outputs() {
      const files =
        outputBytes === 0 || sandbox.result?.reason === "lost" ? [] : [{ path: "result", bytes: outputBytes }];
      return { files, refused: [], refusedCount: 0, totalBytes: outputBytes };
    },
    async *readOutput() {
      yield new Uint8Array(outputBytes).fill(outputBytes & 255);
    },
    async destroy() {
      sandbox.end("stopped");
      forget();
    },
  };
}
