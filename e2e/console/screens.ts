import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../apps/console/src/screens/", import.meta.url);

/** Paths of the screens that need no id, read from their declarations: a new screen is looked at without being listed. */
export const SCREEN_PATHS: readonly string[] = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => /path:\s*"(\/[^"]*)"/.exec(readFileSync(new URL(`${entry.name}/screen.ts`, FOLDER), "utf8"))?.[1])
  .filter((path): path is string => path !== undefined && !path.includes("$"));
