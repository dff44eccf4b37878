import { defineConfig } from "vitest/config";

// Tests run real nodes, databases and sandboxes on whatever machine this is. One second try, which the report names, keeps
// a busy moment from failing a run; what fails twice is a defect.
const retry = 1;

/** What takes long and keeps a core busy, whatever else is tested. */
const PROOFS = ["contracts/proofs/**/*.test.ts", "bench/mutants/**/*.test.ts"];
const code = {
  retry,
  globalSetup: ["packages/postgres/src/testing.ts"],
  pool: "forks",
  testTimeout: 20_000,
  hookTimeout: 60_000,
} as const;

/** `code` runs beside its sources, `market` runs whole markets, `proofs` asks provers and mutants. */
export default defineConfig({
  test: {
    // Most files wait for processes of their own, and `npm test` runs two projects side by side.
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...code,
          name: "code",
          include: [
            "packages/**/*.test.ts",
            "apps/**/*.test.ts",
            "contracts/**/*.test.ts",
            "scripts/**/*.test.ts",
            "bench/**/*.test.ts",
            "sim/**/*.test.ts",
          ],
          exclude: ["**/node_modules/**", "**/fixtures/**", ...PROOFS],
        },
      },
      { test: { ...code, name: "proofs", include: PROOFS, exclude: ["**/node_modules/**", "**/fixtures/**"] } },
      {
        test: {
          name: "market",
          retry,
          include: ["e2e/**/*.test.ts"],
          pool: "forks",
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
