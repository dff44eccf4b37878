import type { Source, Violation } from "./sources.ts";

const LIMIT = 500;

/** Files that have grown past one idea. Generated files are exempt by their name. */
export function lengthViolations(sources: readonly Source[]): Violation[] {
  return sources
    .filter(({ path }) => !path.endsWith(".gen.ts"))
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ lines }) => lines > LIMIT)
    .map(({ path, lines }) => ({ path, line: LIMIT, message: `has ${lines} lines; the limit is ${LIMIT}` }));
}
