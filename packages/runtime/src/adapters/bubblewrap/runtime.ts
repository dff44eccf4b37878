import { access, constants, lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { CorepoolError } from "@corepool/core/errors";
import { once } from "@corepool/core/once";
import type { Runtime, SandboxHandle, SandboxSpec } from "@corepool/core/ports/runtime";
import { encodeInitConfig, RLIMIT } from "../../init-config.ts";
import { bubblewrapArguments } from "../../policy/sandbox.ts";
import { type CgroupBackend, OWN_PROCESSES } from "../cgroup/backend.ts";
import { cgroupV1 } from "../cgroup/v1.ts";
import { cgroupV2 } from "../cgroup/v2.ts";
import { wipe } from "../workspace/wipe.ts";
import { inspectHost } from "./capabilities.ts";
import { type OpenedSandbox, openSandbox } from "./handle.ts";
import { hostArchitecture, initBinary, writeSharedFiles } from "./host.ts";
import { launch } from "./launch.ts";
import type { Preparation } from "./preparation.ts";
import {
  bootId,
  createRunDirectory,
  listRunDirectories,
  readMeta,
  removeRunDirectory,
  runDirectory,
} from "./run-directory.ts";
import { validateSpec } from "./validate.ts";

export interface BubblewrapOptions {
  readonly preparation: Preparation;
  /** Log bytes kept per sandbox, and read per second. */
  readonly logBytes?: number;
  readonly logBytesPerSecond?: number;
}

const OPEN_FILES = 4096;
const LARGEST_TMPFS = 2 ** 30;

/** The variables of every workload; its own are laid over them. */
function environment(spec: SandboxSpec): Record<string, string> {
  const threads = String(Math.max(1, Math.ceil(spec.limits.cpus)));
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin",
    HOME: "/work",
    TMPDIR: "/tmp",
    LANG: "C.UTF-8",
    PYTHONUNBUFFERED: "1",
    COREPOOL_OUTPUTS: "/work/outputs",
    COREPOOL_CPUS: String(spec.limits.cpus),
    OMP_NUM_THREADS: threads,
    OPENBLAS_NUM_THREADS: threads,
    MKL_NUM_THREADS: threads,
    ...spec.env,
  };
}

/**
 * Per-process limits. Without a cgroup they are all there is: RLIMIT_DATA rather than RLIMIT_AS, because runtimes such
 * as V8 reserve far more addresses than they use.
 */
function rlimits(spec: SandboxSpec, cgroup: boolean): (readonly [number, number])[] {
  const always = [
    [RLIMIT.core, 0],
    [RLIMIT.openFiles, OPEN_FILES],
    [RLIMIT.fileSize, spec.limits.diskBytes],
  ] as const;
  return cgroup
    ? [...always]
    : [...always, [RLIMIT.data, spec.limits.memoryBytes], [RLIMIT.processes, spec.limits.pids + OWN_PROCESSES]];
}

/** Runs workloads in bubblewrap, as the ordinary user that this process is. */
export function bubblewrapRuntime(options: BubblewrapOptions): Runtime {
  const { preparation } = options;
  const state = preparation.stateDirectory;
  const backend: CgroupBackend | null =
    preparation.cgroup === null
      ? null
      : preparation.cgroup.version === "v1"
        ? cgroupV1(preparation.cgroup)
        : cgroupV2(preparation.cgroup);
  const open = new Map<string, OpenedSandbox>();
  /** The sandbox that holds each slot, from the moment its creation starts. */
  const taken = new Map<string, string>();
  const creating = new Set<string>();
  const findings = inspectHost(preparation);
  const shared = once(async () => {
    const { isolation } = await findings;
    const architecture = hostArchitecture();
    if (isolation === null || architecture === null) return null;
    return { ...(await writeSharedFiles(state, architecture)), init: initBinary(architecture) };
  });
  const begun = shared();
  begun.catch(() => undefined);

  const attach = async (id: string): Promise<SandboxHandle | null> => {
    const known = open.get(id);
    if (known) return known.handle;
    if (creating.has(id) || !/^[a-z0-9_-]{1,64}$/.test(id)) return null;
    const run = runDirectory(state, id);
    const [meta, boot] = [await readMeta(run), await bootId()];
    const meanwhile = open.get(id);
    if (meta === null || meanwhile) return meanwhile?.handle ?? null;
    const opened = openSandbox(meta, run, backend?.open(id) ?? null, null, boot, () => forget(id, meta.slot));
    open.set(id, opened);
    taken.set(meta.slot, id);
    return opened.handle;
  };

  /** Sandboxes of an earlier agent process hold their slots. */
  const adopt = once(async () => void (await Promise.all((await listRunDirectories(state)).map(attach))));

  const forget = (id: string, slot: string): void => {
    open.delete(id);
    taken.delete(slot);
  };

  const create = async (spec: SandboxSpec): Promise<SandboxHandle> => {
    const { bubblewrap, isolation, missing } = await findings;
    const files = await shared();
    if (isolation === null || bubblewrap === null || files === null) {
      throw new CorepoolError("sandbox-unavailable", {
        detail: missing.findLast((lack) => lack.fatal)?.line ?? "No sandbox can run here.",
        next: "Run corepool doctor on this machine.",
      });
    }
    const slot = preparation.slots.find((candidate) => candidate.slot === spec.slot);
    if (slot === undefined)
      throw new CorepoolError("bad-request", { detail: `This machine has no workspace slot "${spec.slot}".` });
    const config = encodeInitConfig({
      argv: spec.argv,
      env: environment(spec),
      directory: "/work",
      probeKey: spec.probeKey,
      deadlineSeconds: spec.deadlineSeconds,
      rlimits: rlimits(spec, backend !== null),
      logBytes: options.logBytes ?? 64 * 2 ** 20,
      logBytesPerSecond: options.logBytesPerSecond ?? 8 * 2 ** 20,
    });
    if ("refused" in config) throw new CorepoolError("bad-request", { detail: config.refused });
    for (const { path, hostFile } of spec.inputs) {
      const readable =
        (await lstat(hostFile).catch(() => null))?.isFile() &&
        (await access(hostFile, constants.R_OK).then(
          () => true,
          () => false,
        ));
      if (!readable)
        throw new CorepoolError("sandbox-failed", {
          detail: `The file for the input ${path} is not there or not readable.`,
        });
    }
    const run = runDirectory(state, spec.id);
    await wipe(slot.directory);
    await mkdir(join(slot.directory, "outputs"));
    const boot = await bootId();
    const cgroup = (await backend?.create(spec.id, spec.limits)) ?? null;
    const meta = {
      id: spec.id,
      slot: slot.slot,
      workspace: slot.directory,
      quota: slot.diskBytes !== null,
      diskBytes: spec.limits.diskBytes,
      memoryBytes: spec.limits.memoryBytes,
      bootId: boot,
      isolation,
    };
    try {
      await createRunDirectory(run, meta);
      const tmpBytes = Math.floor(Math.min(LARGEST_TMPFS, spec.limits.memoryBytes / 2));
      const policy = {
        etc: files.etc,
        etcFromHost: files.etcFromHost,
        workspace: slot.directory,
        inputs: spec.inputs,
        init: files.init,
        id: spec.id,
        tmpBytes,
        sharedMemoryBytes: tmpBytes,
        network: "none" as const,
      };
      const connection = await launch({
        run,
        init: files.init,
        bubblewrap,
        filter: files.filter,
        cgroups: cgroup?.join ?? [],
        bubblewrapArguments: bubblewrapArguments(policy),
        config: config.frame,
      });
      const opened = openSandbox(meta, run, cgroup, connection, boot, () => forget(spec.id, slot.slot));
      open.set(spec.id, opened);
      return opened.handle;
    } catch (error) {
      await cgroup?.kill();
      await cgroup?.remove();
      await removeRunDirectory(run);
      throw error;
    }
  };

  return {
    async probeCapabilities() {
      const { isolation, missing } = await findings;
      return { isolation, missing, slots: preparation.slots.map(({ slot, diskBytes }) => ({ slot, diskBytes })) };
    },
    async create(spec) {
      validateSpec(spec);
      await adopt();
      const holder = taken.get(spec.slot);
      if (holder !== undefined)
        throw new CorepoolError("sandbox-failed", {
          detail: `The workspace slot ${spec.slot} is in use by ${holder}.`,
          next: "Destroy that sandbox first.",
        });
      if (creating.has(spec.id) || open.has(spec.id))
        throw new CorepoolError("sandbox-failed", {
          detail: `There is a sandbox ${spec.id} already.`,
          next: "Destroy it first.",
        });
      taken.set(spec.slot, spec.id);
      creating.add(spec.id);
      try {
        return await create(spec);
      } catch (error) {
        taken.delete(spec.slot);
        throw error;
      } finally {
        creating.delete(spec.id);
      }
    },
    list: () => listRunDirectories(state),
    attach,
    async close() {
      await Promise.allSettled([findings, begun]);
      for (const sandbox of open.values()) sandbox.detach();
      open.clear();
    },
  };
}
