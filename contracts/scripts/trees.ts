import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What is wrong between a .tree file and its test, one line each, with the place. */
export type Fault = string;

/**
 * Checks every `*.tree` below a folder against the `.t.sol` of the same name: each leaf (a line "it should ...") is tied
 * to exactly one test by a comment `// @tree <leaf>` above that test's function, and no test names a leaf that is not
 * there.
 * @returns how many leaves were checked, and the faults
 */
export function checkTrees(folder: string): { leaves: number; faults: Fault[] } {
  const trees = globSync("**/*.tree", { cwd: folder }).sort();
  const faults: Fault[] = [];
  let leaves = 0;
  for (const tree of trees) {
    const test = tree.replace(/\.tree$/, ".t.sol");
    const wanted = readLeaves(readFileSync(join(folder, tree), "utf8"));
    leaves += wanted.length;
    if (wanted.length === 0) faults.push(`${tree}: no leaf ("it should ...")`);
    if (!existsSync(join(folder, test))) {
      faults.push(`${tree}: there is no ${test}`);
      continue;
    }
    const tags = readTags(readFileSync(join(folder, test), "utf8"));
    faults.push(
      ...twice(wanted).map(({ text, line }) => `${tree}:${line}: the leaf is there twice: ${text}`),
      ...wanted
        .filter(({ text }) => !tags.some((tag) => tag.text === text))
        .map(({ text, line }) => `${tree}:${line}: no test for: ${text}`),
      ...tags
        .filter(({ text }) => !wanted.some((leaf) => leaf.text === text))
        .map(({ text, line }) => `${test}:${line}: not in ${tree}: ${text}`),
      ...twice(tags).map(({ text, line }) => `${test}:${line}: a second test for: ${text}`),
      ...tags.filter((tag) => !tag.test).map(({ text, line }) => `${test}:${line}: not above a test function: ${text}`),
    );
  }
  for (const test of globSync("**/*.t.sol", { cwd: folder }).sort()) {
    if (trees.includes(test.replace(/\.t\.sol$/, ".tree"))) continue;
    for (const { line } of readTags(readFileSync(join(folder, test), "utf8"))) {
      faults.push(`${test}:${line}: a @tree comment, but there is no .tree of that name`);
    }
  }
  return { leaves, faults };
}

type Line = { readonly text: string; readonly line: number };

function readLeaves(tree: string): Line[] {
  return tree.split("\n").flatMap((raw, i) => {
    const text = raw.replace(/^[\s│├└─|`+-]*/, "").trim();
    return text.startsWith("it ") ? [{ text, line: i + 1 }] : [];
  });
}

/** The `@tree` comments of a test file, and whether the next line of code begins a test. */
function readTags(source: string): (Line & { readonly test: boolean })[] {
  const lines = source.split("\n");
  return lines.flatMap((raw, i) => {
    const text = /^\s*\/\/ @tree (.+)$/.exec(raw)?.[1]?.trim();
    if (text === undefined) return [];
    const code = lines.slice(i + 1).find((l) => !/^\s*(\/\/.*)?$/.test(l)) ?? "";
    return [{ text, line: i + 1, test: /^\s*function (test|invariant|statefulFuzz)\w*\(/.test(code) }];
  });
}

function twice<T extends Line>(lines: readonly T[]): T[] {
  return lines.filter(({ text }, i) => lines.findIndex((other) => other.text === text) < i);
}
