import { reportOf } from "./support/report.ts";
import { setting } from "./support/setting.ts";

type Print = (name: string, value: string, unit: string) => void;

/**
 * Coordinator and agent of a market stand still for 60 s under a job and go on: `zombies.wrong` must be 0.
 * COREPOOL_ZOMBIE_ROUNDS (3) and COREPOOL_ZOMBIE_SECONDS (60) say how often and how long.
 */
export async function run(print: Print): Promise<void> {
  const rounds = setting("COREPOOL_ZOMBIE_ROUNDS", 3);
  const seconds = setting("COREPOOL_ZOMBIE_SECONDS", 60);
  const words = ["--rounds", String(rounds), "--seconds", String(seconds)];
  const { wrong } = await reportOf<{ readonly wrong: readonly string[] }>("e2e/zombies.ts", words);
  for (const each of wrong) console.error(each);
  print("zombies.rounds", String(rounds), "rounds");
  print("zombies.stopped", String(seconds), "s");
  print("zombies.wrong", String(wrong.length), "findings");
  if (wrong.length > 0) throw new Error("a part that stood still changed what had moved on; see above");
}
