/**
 * Runs the conformance cases against bubblewrap as the user that this process is, and prints one line of JSON per case:
 * `{ name, error }`. The host was prepared by the supervisor (COREPOOL_PREPARATION) or is prepared here (COREPOOL_STATE).
 * An argument that is the name of a case runs only that.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ordinaryPreparation } from "../adapters/bubblewrap/ordinary.ts";
import { preparation } from "../adapters/bubblewrap/preparation.ts";
import { initProcess, runDirectory } from "../adapters/bubblewrap/run-directory.ts";
import { bubblewrapRuntime } from "../adapters/bubblewrap/runtime.ts";
import { conformanceCases } from "../conformance.ts";
import { pidNamespace } from "./kit.ts";

const file = process.env.COREPOOL_PREPARATION;
const prepared =
  file === undefined
    ? await ordinaryPreparation({ stateDirectory: process.env.COREPOOL_STATE ?? "", slots: 2 })
    : preparation.parse(JSON.parse(await readFile(file, "utf8")));
const scratch = join(prepared.stateDirectory, "scratch");
await mkdir(scratch, { recursive: true });
const open = () => bubblewrapRuntime({ preparation: prepared, logBytes: 8 * 2 ** 20, logBytesPerSecond: 64 * 2 ** 20 });
let runtime = open();
const bench = {
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
};
const only = process.argv[2];
for (const { name, run } of conformanceCases) {
  if (only !== undefined && only !== name) continue;
  const start = performance.now();
  const error = await run(bench).then(
    () => null,
    (failure: unknown) => (failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)),
  );
  process.stdout.write(`${JSON.stringify({ name, error, ms: Math.round(performance.now() - start) })}\n`);
}
await runtime.close();
