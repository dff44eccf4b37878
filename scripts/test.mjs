// `npm test`: sets the clone up, then runs every test, two steps at a time. Each is timed.
// Runs on the Node 20 of a bare machine, so it is plain JavaScript without packages.
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureAll } from "./setup/all.mjs";
import { handOver } from "./setup/commands.mjs";
import { stopWith } from "./setup/progress.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Two at a time, in this order, each as soon as there is room: tests of whole markets mostly wait while others count. The
 * contracts' own come first, because what they compile is needed by their mutants.
 * Label, name, folder, command. Programs come from node_modules/.bin, Node 24 among them.
 * @type {readonly (readonly [string, string, string, readonly [string, ...string[]]])[]}
 */
const STEPS = [
  ["code", "packages and applications", ".", ["vitest", "run", "--project", "code"]],
  [
    "build",
    "the committed contracts are what their sources compile to",
    "contracts",
    ["node", "scripts/compile.ts", "--check"],
  ],
  ["trees", "every branch of the contracts' trees has its test", "contracts", ["node", "scripts/check-trees.ts"]],
  ["chain", "contracts: unit, fuzz and invariant tests", "contracts", ["hardhat", "test", "solidity"]],
  ["gas", "contracts: gas is as committed", "contracts", ["node", "gas/snapshot.ts", "--check"]],
  [
    "init",
    "the committed init is what its source compiles to",
    ".",
    ["node", "packages/runtime/init/build.ts", "--check"],
  ],
  ["page", "the console weighs no more than it may", ".", ["node", "scripts/gates/console-budget.ts"]],
  ["pure", "what needs nothing but itself", ".", ["vitest", "run", "--project", "pure"]],
  ["market", "whole markets", ".", ["vitest", "run", "--project", "market"]],
  ["web", "whole markets in a browser", ".", ["vitest", "run", "--project", "console"]],
  ["proofs", "proofs and mutants", ".", ["vitest", "run", "--project", "proofs"]],
];
const AT_ONCE = 2;

try {
  await ensureAll(root, { tests: true });
} catch (error) {
  stopWith(error);
}

const bin = join(root, "node_modules", ".bin");
const cache = join(root, "node_modules", ".cache", "corepool");
const env = { NODE_COMPILE_CACHE: cache, ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
/** Of a step that failed, so many of its last lines are said once more at the end, where they are looked for. */
const LAST = 80;
let passed = 0;
/** @type {{ readonly name: string, readonly last: readonly string[] }[]} */
const failed = [];
const left = STEPS.values();
/** The first step that fails ends the run, once the one beside it is over. */
async function work() {
  for (const [label, name, folder, [command, ...args]] of left) {
    if (failed.length > 0) return;
    const started = Date.now();
    console.log(`\n▶ ${name}`);
    /** @type {string[]} */
    const last = [];
    const code = await handOver(join(bin, command), args, {
      cwd: join(root, folder),
      env,
      label: `${label} │`,
      said: (line) => void (last.push(line) > LAST && last.shift()),
    });
    console.log(`\n${code === 0 ? "✓" : "✗"} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (code === 0) passed++;
    else failed.push({ name, last });
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, work));
for (const { name, last } of failed) console.log(`\n✗ ${name}\n${last.join("\n")}`);
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
