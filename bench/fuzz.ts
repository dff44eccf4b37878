import { globSync } from "node:fs";
import { CONTRACTS, contractTests } from "./support/contract-tests.ts";

const CALLS = 1_000_000;
const DEPTH = 64;

/**
 * `bench fuzz`: one million calls to the contracts' invariant handlers, spread evenly over all invariants; after every
 * call each one is checked. A revert in a handler is a violation too.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const files = globSync("test/invariant/*.t.sol", { cwd: CONTRACTS }).sort();
  const fsPermissions = { readFile: globSync("artifacts/*.json", { cwd: CONTRACTS }) };
  const settings = (runs: number) => ({ fsPermissions, invariant: { runs, depth: DEPTH, failOnRevert: true } });
  // Once with one run each: how many invariants there are, and how many calls a run really makes.
  const one = (await (await contractTests(settings(1))).run(files)).reduce((sum, { calls }) => sum + Number(calls), 0);
  const tests = await contractTests(settings(Math.ceil(CALLS / one)));
  const started = performance.now();
  const results = await tests.run(files);
  print(
    "fuzz.invariant.calls",
    results.reduce((sum, { calls }) => sum + Number(calls), 0),
    "calls",
  );
  print("fuzz.invariant.violations", results.filter(({ passed }) => !passed).length, "violations");
  print("fuzz.invariant.wall", Math.round((performance.now() - started) / 100) / 10, "s");
  for (const { name } of results.filter(({ passed }) => !passed)) console.error(`violated: ${name}`);
  if (results.some(({ passed }) => !passed)) process.exitCode = 1;
}
