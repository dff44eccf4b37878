import { defineConfig } from "vitest/config";

/** Two projects: `code` runs beside its sources, several files at once; `market` runs whole markets, one at a time. */
export default defineConfig({
  test: {
    // Most files wait for processes of their own, so one worker more than two cores would have is no loss.
    maxWorkers: 3,
    projects: [
      {
        test: {
          name: "code",
          include: [
            "packages/**/*.test.ts",
            "apps/**/*.test.ts",
            "contracts/**/*.test.ts",
            "scripts/**/*.test.ts",
            "bench/**/*.test.ts",
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
