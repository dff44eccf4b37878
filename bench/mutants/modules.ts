import { join } from "node:path";
import { createVitest } from "vitest/node";
import { type Mutant, mutate } from "./mutant.ts";
import type { Outcome, Runner } from "./run.ts";

const root = join(import.meta.dirname, "../..");

/**
 * Runs mutants of TypeScript modules: one Vitest stays up, serves the module with the change in it, and runs the tests
 * of the module only. Types are not checked, so nothing is stillborn.
 * @param database whether some of the tests need the run's PostgreSQL
 */
export async function moduleRunner(database: boolean): Promise<Runner> {
  let current: Mutant | undefined;
  const vitest = await createVitest(
    "test",
    {
      config: false,
      root,
      watch: false,
      retry: 0,
      // Transforms are kept under the hash of the file on disk, which is the same for every mutant.
      fsModuleCache: false,
      pool: "forks",
      maxWorkers: 1,
      testTimeout: 15_000,
      hookTimeout: 60_000,
      include: ["**/*.test.ts"],
      reporters: [{}],
      ...(database ? { globalSetup: [join(root, "packages/postgres/src/testing.ts")] } : {}),
    },
    {
      plugins: [
        {
          name: "corepool:mutant",
          enforce: "pre",
          transform: (code, id) =>
            current !== undefined && id.split("?")[0] === join(root, current.file) ? mutate(code, current) : undefined,
        },
      ],
    },
  );
  return {
    async run(mutant, tests): Promise<Outcome> {
      current = mutant;
      vitest.invalidateFile(join(root, mutant.file));
      try {
        for (const group of tests) {
          const files = group.map((file) => join(root, file));
          const specifications = files.map((file) => vitest.getRootProject().createSpecification(file));
          const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
          // What earlier runs left is there too.
          const modules = testModules.filter(({ moduleId }) => files.includes(moduleId));
          if (modules.length !== group.length) throw new Error(`not all of ${group.join(", ")} ran`);
          if (unhandledErrors.length > 0 || modules.some((module) => !module.ok())) return "killed";
        }
        return "survived";
      } finally {
        current = undefined;
        vitest.invalidateFile(join(root, mutant.file));
      }
    },
    end: () => vitest.close(),
  };
}
