import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ordinaryPreparation } from "../adapters/bubblewrap/ordinary.ts";
import { preparation } from "../adapters/bubblewrap/preparation.ts";
import { initProcess, runDirectory } from "../adapters/bubblewrap/run-directory.ts";
import { bubblewrapRuntime } from "../adapters/bubblewrap/runtime.ts";
import { type Bench, pidNamespace } from "./kit.ts";

/**
 * Bubblewrap as the user that this process is, on the host that the supervisor prepared (COREPOOL_PREPARATION), or that
 * is prepared here (COREPOOL_STATE).
 */
export async function openBench(): Promise<Bench & { close(): Promise<void> }> {
  const file = process.env.COREPOOL_PREPARATION;
  const prepared =
    file === undefined
      ? await ordinaryPreparation({ stateDirectory: process.env.COREPOOL_STATE ?? "", slots: 2 })
      : preparation.parse(JSON.parse(await readFile(file, "utf8")));
  const scratch = join(prepared.stateDirectory, "scratch");
  await mkdir(scratch, { recursive: true });
  const open = () =>
    bubblewrapRuntime({ preparation: prepared, logBytes: 8 * 2 ** 20, logBytesPerSecond: 64 * 2 ** 20 });
  let runtime = open();
  return {
    runtime: () => runtime,
    async restart() {
      await runtime.close();
      runtime = open();
      return runtime;
    },
    scratch,
    slots: prepared.slots.map(({ slot }) => slot),
    cgroup: prepared.cgroup !== null,
    quota: prepared.slots.every(({ diskBytes }) => diskBytes !== null),
    diskBytes: prepared.slots[0]?.diskBytes ?? 64 * 2 ** 20,
    rootProcess: (id: string) => initProcess(runDirectory(prepared.stateDirectory, id), id),
    sandboxOf: pidNamespace,
    close: () => runtime.close(),
  };
}
