import { resolve } from "node:path";
import { stringViolations, translationViolations } from "./console-strings.ts";
import { importViolations } from "./imports.ts";
import { lengthViolations } from "./length.ts";
import { ANSWERING, namedTestViolations } from "./named-tests.ts";
import { platformViolations } from "./platform.ts";
import { readSources, type Violation } from "./sources.ts";

/** The house's own rules: imports, platform, length, tests that documents name, words. Usage: node house.ts [root]. Exits 1 with a line per violation. */
const root = resolve(process.argv[2] ?? ".");
const sources = readSources(root, [".ts", ".tsx", ".mjs", ".sol"]).filter(({ path }) => !path.includes("/fixtures/"));
if (sources.length === 0) {
  // A gate that looks at nothing passes silently; that is a failure too.
  console.error(`house: no sources below ${root}`);
  process.exit(1);
}
const typed = sources.filter(({ path }) => /\.tsx?$/.test(path));
const documents = readSources(root, [".md"]).filter(({ path }) => ANSWERING.includes(path));
const found: Violation[] = [
  ...importViolations(typed),
  ...platformViolations(typed),
  ...lengthViolations(sources),
  ...namedTestViolations(root, documents),
  ...stringViolations(typed),
  ...translationViolations(readSources(root, [".po"])),
];
for (const { path, line, message } of found) console.error(`${path}:${line} ${message}`);
console.log(`house: ${sources.length} files, ${found.length} violations`);
process.exit(found.length === 0 ? 0 : 1);
