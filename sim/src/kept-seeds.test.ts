import { expect, it } from "vitest";
import { reportOf } from "./report.ts";
import { keptSeeds } from "./seeds.ts";
import { run } from "./world/run.ts";

it.each(keptSeeds())("$name does not come back", async ({ seed, swarm }) => {
  const outcome = await run(seed, { swarm });
  expect(outcome.violations.length === 0 ? "" : reportOf(outcome)).toBe("");
});
