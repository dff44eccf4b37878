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
      bail: 1,
      retry: 0,
      pool: "forks",
      maxWorkers: 1,
      testTimeout: 15_000,
      hookTimeout: 60_000,
      include: ["**/*.test.ts"],
      reporters: [{}],
      ...(database ? { globalSetup: [join(root, "packages/postgres/src/testing.ts")] } : {}),
    },
    {
      configFile: false,
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
          const specifications = group.map((file) => vitest.getRootProject().createSpecification(join(root, file)));
          const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications, false);
          if (testModules.length !== group.length) throw new Error(`not all of ${group.join(", ")} ran`);
          if (unhandledErrors.length > 0 || testModules.some((module) => !module.ok())) return "killed";
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
