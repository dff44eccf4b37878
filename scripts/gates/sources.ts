import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A source file of the tree under inspection; `path` is relative to its root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a gate found wrong, and where. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Reads the files that git tracks or would track, or (outside a checkout, for fixtures) all below `root`, by ending. */
export function readSources(root: string, endings: readonly string[]): Source[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "."], {
    cwd: root,
  });
  return listed
    .toString("utf8")
    .split("\0")
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The text with comments and string contents blanked out, line structure kept, so that patterns match code only. */
export function codeOnly(text: string): string {
  const pattern = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;
  return text.replace(pattern, (match) => match.replace(/[^\n]/g, " "));
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
