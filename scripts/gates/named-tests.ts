import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { lineAt, type Source, type Violation } from "./sources.ts";

/** Documents that answer for something by naming tests. */
export const ANSWERING = ["SECURITY.md", "docs/asvs.md"];

/** A path in backticks that names a test, a tree of tests, or a folder of them; and the name of one test behind it. */
const NAMED = /`([\w./{},-]+\/[\w./{},-]*)`(?: › ([^|\n]+?)(?= \||\n|$))?/g;

/** `a/{b,c}.ts` as the paths that it stands for. */
function expand(path: string): string[] {
  const match = /^(.*)\{([^}]*)\}(.*)$/.exec(path);
  if (match === null) return [path];
  const [, before = "", list = "", after = ""] = match;
  return list.split(",").flatMap((item) => expand(`${before}${item}${after}`));
}

/** Tests that a document names and that are not there. */
export function namedTestViolations(root: string, documents: readonly Source[]): Violation[] {
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(NAMED)].flatMap((match): Violation[] => {
      const [, named = "", test] = match;
      const line = lineAt(text, match.index);
      const missing = expand(named).filter((file) => !existsSync(join(root, file)));
      if (missing.length > 0) return [{ path, line, message: `names ${missing.join(", ")}, which does not exist` }];
      if (test === undefined) return [];
      const found = expand(named).some((file) => readFileSync(join(root, file), "utf8").includes(test));
      return found ? [] : [{ path, line, message: `names a test "${test}", which is not in ${named}` }];
    }),
  );
}
