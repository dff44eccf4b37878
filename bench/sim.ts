import { reportOf } from "@corepool/sim/report";
import { run as live } from "@corepool/sim/world/run";

/** Seeds that the tests of every change look at; the figures go on from there. */
const FIRST = 1_001;
const SEEDS = 1_000;

/**
 * `bench sim`: seeded worlds one after the other on one core. `sim.speed_up`: virtual time by real time. A world in
 * which an invariant is violated is told of and counted; the figure must be zero.
 */
export async function run(print: (name: string, value: number, unit: string) => void): Promise<void> {
  const begun = performance.now();
  let events = 0;
  let virtualMs = 0;
  let violated = 0;
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const outcome = await live(seed);
    events += outcome.events;
    virtualMs += outcome.virtualMs;
    if (outcome.violations.length === 0) continue;
    violated += 1;
    console.error(reportOf(outcome));
  }
  const ms = performance.now() - begun;
  print("sim.seeds", SEEDS, "seeds");
  print("sim.violated", violated, "seeds");
  print("sim.events_per_s", Math.round((events / ms) * 1_000), "events/s");
  print("sim.seeds_per_min", Math.round((SEEDS / ms) * 60_000), "seeds/min");
  print("sim.speed_up", Math.round(virtualMs / ms), "×");
}
