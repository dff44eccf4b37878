import { describe, expect, it } from "vitest";
import { seedOf } from "./support/chaos/dice.ts";
import { livesOf } from "./support/chaos/jobs.ts";
import { runChaos } from "./support/chaos/run.ts";

describe("a market whose parts are killed at random moments", () => {
  it("finishes every job it accepted or says why, runs none twice, pays for each second once, and leaves nothing", async () => {
    const seed = seedOf("COREPOOL_CHAOS_SEED", 20_261_125);
    const report = await runChaos({
      seed,
      kills: 10,
      doubles: 1,
      jobsAtOnce: 10,
      jobsEach: 1,
      beats: { least: 40, most: 60 },
    });
    expect(report.wrong, `COREPOOL_CHAOS_SEED=${seed}`).toEqual([]);
    expect(report.mostAtOnce).toBe(10);
    expect(report.jobs).toBeGreaterThanOrEqual(10);
    expect(Object.values(report.kills).reduce((a, b) => a + b, 0)).toBe(10);
    expect(Math.min(...Object.values(report.kills))).toBeGreaterThan(0);
  });

  it("would be seen to run a job twice", () => {
    const [first, second] = ["a".repeat(32), "b".repeat(32)];
    const log = `${first} 0 10.0\n${second} 0 10.5\n${first} 1 11.0\n${second} 1 11.5\n`;
    expect(livesOf(log)).toEqual([
      { token: first, from: 10, to: 11, beats: [0, 1] },
      { token: second, from: 10.5, to: 11.5, beats: [0, 1] },
    ]);
    expect(() => livesOf("torn\n")).toThrow(/damaged/);
  });
});
