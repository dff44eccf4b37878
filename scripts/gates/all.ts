import { spawnSync } from "node:child_process";

/** Every gate over the sources, in order; all run, and one that fails fails the whole. */
const GATES: readonly (readonly [string, readonly string[]])[] = [
  ["format and lint", ["biome", "check", "--error-on-warnings", "."]],
  ["typed lint", ["oxlint", "--type-aware", "--deny-warnings", "--ignore-pattern", "**/fixtures/**"]],
  ["types", ["tsc", "-p", "tsconfig.json"]],
  ["the console's types", ["tsc", "-p", "apps/console/tsconfig.json"]],
  [
    "the console's words",
    ["lingui", "check", "sync", "--clean", "--workers", "1", "--config", "apps/console/lingui.config.ts"],
  ],
  ["house", ["node", "scripts/gates/house.ts"]],
  ["dead code", ["knip", "--no-progress"]],
];

const failed: string[] = [];
for (const [name, [command, ...args]] of GATES) {
  const started = performance.now();
  const { status } = spawnSync(command ?? "", args, { stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`gates failed: ${failed.join(", ")}`);
  process.exit(1);
}
