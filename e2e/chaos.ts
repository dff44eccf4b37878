/**
 * Kills the parts of a running market at random moments: `npm run bench -- chaos` runs this, and so can you.
 *
 *   node e2e/chaos.ts --kills 25 --doubles 3 --seed 1
 *
 * Prints one JSON line, the report; what happens goes to stderr. Ends with code 1 when anything was wrong.
 */
import { parseArgs } from "node:util";
import { runChaos } from "./support/chaos/run.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "25" },
    doubles: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: "10" },
  },
});
const begun = performance.now();
const report = await runChaos({
  seed: Number(values.seed),
  kills: Number(values.kills),
  doubles: Number(values.doubles),
  jobsAtOnce: Number(values.jobs),
  beats: { least: 12, most: 60 },
  tell: (line) => process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} ${line}\n`),
});
process.stdout.write(`${JSON.stringify(report)}\n`);
process.exitCode = report.wrong.length === 0 ? 0 : 1;
