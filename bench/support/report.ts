import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./up.ts";

/**
 * Runs a script of the project as a process of its own, whose last word is one line of JSON. Rejects when it gives none;
 * the script may end with another code than 0 to say that what it reports is bad.
 */
export async function reportOf<T>(script: string, words: readonly string[] = []): Promise<T> {
  const child = spawn(process.execPath, [join(ROOT, script), ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const line = said.split("\n").findLast((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`${script} gave no report; exit code ${code}`);
  return JSON.parse(line) as T;
}
