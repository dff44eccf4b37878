// `npm test`: sets the clone up, then runs every test, in two lanes side by side. Each step is timed.
// Runs on the Node 20 of a bare machine, so it is plain JavaScript without packages.
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { handOver } from "./setup/commands.mjs";
import { ensureConsole } from "./setup/console.mjs";
import { ensureNpmPackages } from "./setup/npm-packages.mjs";
import { stopWith } from "./setup/progress.mjs";
import { ensureSystemPackages } from "./setup/system-packages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/**
 * Two lanes run beside each other, for tests of whole markets mostly wait and the others mostly count; the steps of a
 * lane follow one another. The contracts' tests are long compiled when their mutants need them.
 * Name, folder, command. Programs come from node_modules/.bin, Node 24 among them.
 * @type {Readonly<Record<string, readonly (readonly [string, string, readonly [string, ...string[]]])[]>>}
 */
const LANES = {
  code: [
    ["packages and applications", ".", ["vitest", "run", "--project", "code"]],
    ["the console weighs no more than it may", ".", ["node", "scripts/gates/console-budget.ts"]],
    ["the committed init is what its source compiles to", ".", ["node", "packages/runtime/init/build.ts", "--check"]],
    ["proofs and mutants", ".", ["vitest", "run", "--project", "proofs"]],
  ],
  road: [
    [
      "the committed contracts are what their sources compile to",
      "contracts",
      ["node", "scripts/compile.ts", "--check"],
    ],
    ["every branch of the contracts' trees has its test", "contracts", ["node", "scripts/check-trees.ts"]],
    ["contracts: unit, fuzz and invariant tests", "contracts", ["hardhat", "test", "solidity"]],
    ["contracts: gas is as committed", "contracts", ["node", "gas/snapshot.ts", "--check"]],
    ["whole markets", ".", ["vitest", "run", "--project", "market"]],
  ],
};

try {
  await ensureSystemPackages({ tests: true });
  await ensureNpmPackages(root, { full: true });
  await ensureConsole(root, { gallery: true });
} catch (error) {
  stopWith(error);
}

const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
let passed = 0;
let failed = 0;
/** The first step that fails ends the run, once the other lane's step is over. */
async function go(lane, steps) {
  for (const [name, folder, [command, ...args]] of steps) {
    if (failed > 0) return;
    const started = Date.now();
    console.log(`\n▶ ${name}`);
    const code = await handOver(join(bin, command), args, { cwd: join(root, folder), env, label: `${lane} │` });
    console.log(`\n${code === 0 ? "✓" : "✗"} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (code === 0) passed++;
    else failed++;
  }
}
await Promise.all(Object.entries(LANES).map(([lane, steps]) => go(lane, steps)));
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
