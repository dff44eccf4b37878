import { defineConfig } from "vitest/config";

// Tests run real nodes, databases and sandboxes on whatever machine this is. One second try, which the report names, keeps
// a busy moment from failing a run; what fails twice is a defect.
const retry = 1;
const testTimeout = 20_000;

const files = (...folders: readonly string[]): string[] => folders.map((folder) => `${folder}/**/*.test.ts`);
/** No processes, no files of their own, nothing global: one process runs them all. */
const PURE = files("packages/core", "packages/protocol", "packages/sdk", "apps/console");
/** What takes long and keeps a core busy, whatever else is tested. */
const PROOFS = files("contracts/proofs", "bench/mutants");
const ALWAYS = ["**/node_modules/**", "**/fixtures/**"];

const code = {
  retry,
  globalSetup: ["packages/postgres/src/testing.ts"],
  pool: "forks",
  testTimeout,
  hookTimeout: 60_000,
} as const;
/** Each file has a market of its own. */
const market = {
  retry,
  pool: "forks",
  testTimeout: 180_000,
  hookTimeout: 180_000,
} as const;

/** `pure` and `code` lie beside their sources; `market` and `console` run whole markets; `proofs` asks provers. */
export default defineConfig({
  test: {
    // On two cores, with one project or two at a time: most files wait for processes of their own.
    maxWorkers: 3,
    projects: [
      { test: { name: "pure", retry, isolate: false, testTimeout, include: PURE, exclude: ALWAYS } },
      {
        test: {
          ...code,
          name: "code",
          include: files("packages", "apps", "contracts", "scripts", "bench", "sim"),
          exclude: [...ALWAYS, ...PURE, ...PROOFS],
        },
      },
      { test: { ...code, name: "proofs", include: PROOFS, exclude: ALWAYS } },
      // One file at a time: what these hold to the clock needs a machine that keeps up.
      { test: { ...market, name: "market", fileParallelism: false, include: ["e2e/*.test.ts"] } },
      { test: { ...market, name: "console", maxWorkers: 2, include: files("e2e/console") } },
    ],
  },
});
