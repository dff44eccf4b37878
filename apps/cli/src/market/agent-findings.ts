import { join } from "node:path";
import { preparation } from "@corepool/runtime/adapters/bubblewrap/preparation";
import { inspectMachine } from "@corepool/runtime/supervisor/doctor";
import { readJson } from "../files.ts";
import type { Home } from "../home.ts";
import { hostFolder } from "./agent-state.ts";
import type { Finding } from "./finding.ts";

/** What this machine lacks for running workloads, one line each; nothing is changed. */
export async function sandboxFindings(): Promise<readonly Finding[]> {
  // Known holes of the programs are listed with those of the others, each with its cure.
  const missing = (await inspectMachine()).filter(({ what }) => what !== "bubblewrap-fixed");
  const found = missing.map(({ line, fatal }): Finding => ({ what: "sandbox", level: fatal ? "bad" : "weak", line }));
  const works: Finding = {
    what: "sandbox",
    level: "good",
    line: "bubblewrap makes a sandbox here under an ordinary user",
  };
  return missing.some((lack) => lack.fatal) ? found : [works, ...found];
}

/** What the supervisor could not prepare when the agent of this folder last ran as root. */
export async function preparedFindings(home: Home): Promise<readonly Finding[]> {
  const folder = process.getuid?.() === 0 ? await hostFolder(home.agent) : undefined;
  const prepared =
    folder === undefined ? undefined : preparation.safeParse(await readJson(join(folder, "preparation.json"))).data;
  return (prepared?.missing ?? []).map(({ line, fatal }) => ({ what: "agent", level: fatal ? "bad" : "weak", line }));
}
