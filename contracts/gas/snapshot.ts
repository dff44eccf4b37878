/**
 * Writes gas/snapshot.json, or with --check fails when it is not what the committed bytecode costs.
 *
 *     node gas/snapshot.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Figures, measure } from "./measure.ts";

/** What a change may not exceed without a decision; the figures themselves are held by the snapshot. */
const BUDGETS: Readonly<Record<string, number>> = {
  "lease.open.single": 66_000,
  "lease.whole.single": 118_000,
  "lease.whole.batch100": 60_000,
  "lease.created_slots.reuse": 0,
};

const path = join(import.meta.dirname, "snapshot.json");
const figures = await measure();
const over = Object.entries(BUDGETS).filter(([name, budget]) => (figures[name] ?? Number.POSITIVE_INFINITY) > budget);
for (const [name, budget] of over) console.error(`gas: ${name} is ${figures[name]}, above its budget of ${budget}`);

if (process.argv.includes("--check")) {
  const committed: Figures = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Figures) : {};
  const names = [...new Set([...Object.keys(committed), ...Object.keys(figures)])];
  const changed = names.filter((name) => committed[name] !== figures[name]);
  for (const name of changed)
    console.error(`gas: ${name} is ${figures[name] ?? "gone"}, the snapshot says ${committed[name] ?? "nothing"}`);
  if (changed.length > 0)
    console.error("gas: run npm run gas in contracts/ and commit snapshot.json if the change is meant");
  if (changed.length > 0 || over.length > 0) process.exitCode = 1;
  else console.log(`gas: ${names.length} figures are as committed and within their budgets`);
} else {
  writeFileSync(path, `${JSON.stringify(figures, undefined, 1)}\n`);
  console.log(`gas: wrote ${Object.keys(figures).length} figures`);
  if (over.length > 0) process.exitCode = 1;
}
