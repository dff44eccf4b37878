/**
 * Stops the parts of a running market and lets them go on: `npm run bench -- zombies` runs this, and so can you.
 *
 *   node e2e/zombies.ts --seconds 60 --rounds 3
 *
 * A round stops the coordinator once, at another moment of a job than the round before, and the agent once. Prints one
 * JSON line; ends with code 1 when anything was wrong.
 */
import { parseArgs } from "node:util";
import { agentStandsStill, coordinatorStandsStill, MOMENTS, openZombieMarket } from "./support/zombies.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, rounds: { type: "string", default: "3" } },
});
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];
const wrong: string[] = [];
const zombies = await openZombieMarket();
try {
  for (let round = 0; round < rounds; round++) {
    const moment = MOMENTS[round % MOMENTS.length] ?? "running";
    for (const [what, found] of [
      [`coordinator, ${moment}`, await coordinatorStandsStill(zombies, seconds, moment)],
      ["agent", await agentStandsStill(zombies, seconds)],
    ] as const) {
      process.stderr.write(`round ${round}: ${what}: ${found.wrong.length === 0 ? "nothing changed" : "WRONG"}\n`);
      wrong.push(...found.wrong.map((line) => `${what}: ${line}`));
    }
  }
} finally {
  await zombies.end();
}
process.stdout.write(`${JSON.stringify({ seconds, rounds, wrong })}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
