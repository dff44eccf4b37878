import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./support/up.ts";

type Print = (name: string, value: string, unit: string) => void;

const setting = (name: string, standard: number): number => Number(process.env[name] ?? standard);

/**
 * Coordinator and agent of a market stand still for 60 s under a job and go on: `zombies.wrong` must be 0.
 * COREPOOL_ZOMBIE_ROUNDS (3) and COREPOOL_ZOMBIE_SECONDS (60) say how often and how long.
 */
export async function run(print: Print): Promise<void> {
  const rounds = setting("COREPOOL_ZOMBIE_ROUNDS", 3);
  const seconds = setting("COREPOOL_ZOMBIE_SECONDS", 60);
  const words = ["--rounds", String(rounds), "--seconds", String(seconds)];
  const child = spawn(process.execPath, [join(ROOT, "e2e/zombies.ts"), ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const line = said.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`no report; exit code ${code}`);
  const { wrong } = JSON.parse(line) as { readonly wrong: readonly string[] };
  for (const each of wrong) console.error(each);
  print("zombies.rounds", String(rounds), "rounds");
  print("zombies.stopped", String(seconds), "s");
  print("zombies.wrong", String(wrong.length), "findings");
  if (wrong.length > 0) throw new Error("a part that stood still changed what had moved on; see above");
}
