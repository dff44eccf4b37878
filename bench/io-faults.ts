import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { callsOf, plansOf, ROADS } from "@corepool/sim/io/sweep";
import type { Found, Slice } from "./io-faults/slice.ts";

/** Plans that one worker tries: killed processes leave listeners behind in a heap that only its end frees. */
const SLICE = 250;

async function tried(slice: Slice): Promise<Found> {
  const worker = new Worker(new URL("./io-faults/slice.ts", import.meta.url), { workerData: slice, execArgv: [] });
  const [found] = (await once(worker, "message")) as [Found];
  await worker.terminate();
  return found;
}

/**
 * `bench io-faults`: every I/O call that coordinator, agent and client make on four roads from a wish to a settled lease,
 * each failed once, once with its answer lost, and with its process killed before and behind it. Afterwards everything
 * is restarted. COREPOOL_IO_FAULTS_EVERY (1): only every so many of them. `io_faults.wrong` must be 0.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const every = Number(process.env.COREPOOL_IO_FAULTS_EVERY ?? 1);
  const slices: Slice[] = [];
  for (const [road, { name }] of ROADS.entries()) {
    const calls = await callsOf(ROADS[road] ?? ROADS[0]);
    print(`io_faults.calls.${name.replaceAll(" ", "_")}`, calls.length, "calls");
    for (let from = 0; from < plansOf(calls).length; from += SLICE * every) {
      slices.push({ road, from, to: from + SLICE * every, every });
    }
  }
  const all: Found[] = [];
  const worker = async () => {
    for (let slice = slices.shift(); slice !== undefined; slice = slices.shift()) {
      const found = await tried(slice);
      for (const line of found.wrong) console.error(line);
      all.push(found);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const sum = (of: (found: Found) => number) => all.reduce((total, found) => total + of(found), 0);
  const wrong = sum((found) => found.wrong.length);
  print(
    "io_faults.tried",
    sum((found) => found.tried),
    "faults",
  );
  print(
    "io_faults.succeeded",
    sum((found) => found.succeeded),
    "faults",
  );
  print(
    "io_faults.with_reason",
    sum((found) => found.explained),
    "faults",
  );
  print("io_faults.wrong", wrong, "faults");
  if (wrong > 0) throw new Error("a call that went wrong had consequences; see above");
}
