import { expect, it } from "vitest";
import { MUTANTS } from "./mutants.ts";
import { run } from "./world/run.ts";

/** A planted bug that stays hidden for longer shows that the simulation is too weak. */
const WITHIN = 200;

it("there are planted bugs enough", () => {
  expect(MUTANTS.length).toBeGreaterThanOrEqual(10);
});

it.each(MUTANTS)(
  `finds within ${WITHIN} seeds: $bug ($name)`,
  { timeout: 120_000, retry: 0 },
  async ({ name, mutations, swarm }) => {
    let found: string | undefined;
    let seed = 0;
    while (found === undefined && seed < WITHIN) {
      const { violations } = await run(++seed, { mutations: mutations(), swarm });
      found = violations[0]?.invariant;
    }
    console.log(`${name}: found with seed ${seed}: ${found}`);
    expect(found, name).toBeDefined();
  },
);
