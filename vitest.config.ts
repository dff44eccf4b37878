import { defineConfig } from "vitest/config";

// Tests run real nodes, databases and sandboxes on whatever machine this is. One second try, which the report names, keeps
// a busy moment from failing a run; what fails twice is a defect.
const retry = 1;

/** Two projects: `code` runs beside its sources, several files at once; `market` runs whole markets, one at a time. */
export default defineConfig({
  test: {
    // Most files wait for processes of their own, so one worker more than two cores would have is no loss.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "code",
          retry,
          include: [
            "packages/**/*.test.ts",
            "apps/**/*.test.ts",
            "contracts/**/*.test.ts",
            "scripts/**/*.test.ts",
            "bench/**/*.test.ts",
            "sim/**/*.test.ts",
          ],
          exclude: ["**/node_modules/**", "**/fixtures/**"],
          globalSetup: ["packages/postgres/src/testing.ts"],
          pool: "forks",
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
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
