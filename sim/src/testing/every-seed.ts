import { expect, it } from "vitest";
import { reportOf } from "../report.ts";
import { type Outcome, run } from "../world/run.ts";

/** Worlds that every test run looks at. */
export const SEEDS = 1_000;
/** Every so many, one is lived twice. */
const TWICE = 100;

/** One part of all seeds, so that several files share them. No world may violate anything; the same seed is the same world. */
export function everySeed(part: number, parts: number): void {
  it(`holds in the worlds of ${SEEDS / parts} seeds`, { timeout: 300_000, retry: 0 }, async () => {
    const bad: Outcome[] = [];
    let events = 0;
    for (let seed = part; seed <= SEEDS; seed += parts) {
      const outcome = await run(seed);
      events += outcome.events;
      if (outcome.violations.length > 0) bad.push(outcome);
      if (seed % TWICE < parts) {
        const again = await run(seed);
        expect(again.hash, `seed ${seed} differs from itself`).toBe(outcome.hash);
      }
    }
    expect(bad.map(reportOf).join("\n\n")).toBe("");
    // A world in which nothing happens would hold too.
    expect(events).toBeGreaterThan((SEEDS / parts) * 200);
  });
}
