import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

export interface Model {
  readonly name: string;
  readonly source: string;
  /** The same with one bug each, which the prover must find. */
  readonly seeded: readonly { readonly name: string; readonly source: string }[];
}

const SEED = /^(\s*)\S.*? \/\/ seeded ([a-z0-9-]+):(.*)$/;

/**
 * Reads proofs/models. A line `code // seeded NAME: other code` is a bug in waiting: the variant NAME has the other code
 * (or nothing) in its place.
 */
export function readModels(folder = join(import.meta.dirname, "models")): Model[] {
  return globSync("*.sol", { cwd: folder })
    .sort()
    .map((file) => modelOf(basename(file, ".sol"), readFileSync(join(folder, file), "utf8")));
}

export function modelOf(name: string, source: string): Model {
  const lines = source.split("\n");
  const seeded = lines.flatMap((line, i) => {
    const [, indent, bug, code] = SEED.exec(line) ?? [];
    if (indent === undefined || bug === undefined || code === undefined) return [];
    return [{ name: bug, source: lines.with(i, `${indent}${code.trim()}`).join("\n") }];
  });
  return { name, source, seeded };
}
