/**
 * Runs the conformance cases against bubblewrap as the user that this process is, and prints one line of JSON per case:
 * `{ name, error, ms }`. An argument that is the name of a case runs only that.
 */
import { conformanceCases } from "../conformance.ts";
import { openBench } from "./open-bench.ts";

const bench = await openBench();
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
await bench.close();
