import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkTrees } from "./trees.ts";

const fixture = (name: string): string => join(import.meta.dirname, "fixtures", name);

describe("the checker of .tree files", () => {
  it("accepts a tree whose leaves each have one test", () => {
    expect(checkTrees(fixture("good-trees"))).toEqual({ leaves: 2, faults: [] });
  });

  it("reports what is missing, extra, double or in the wrong place", () => {
    expect(checkTrees(fixture("bad-trees")).faults).toEqual([
      "Bad.tree:8: the leaf is there twice: it should be unique",
      "Bad.tree:3: no test for: it should be reported as missing",
      "Bad.t.sol:17: not in Bad.tree: it should be reported as not in the tree",
      "Bad.t.sol:8: a second test for: it should be reported as claimed twice",
      "Bad.t.sol:14: not above a test function: it should be above a test",
      "Orphan.tree: there is no Orphan.t.sol",
      "Treeless.t.sol:5: a @tree comment, but there is no .tree of that name",
    ]);
  });

  it("fails as a command, and passes", () => {
    const run = (name: string) =>
      spawnSync(process.execPath, [join(import.meta.dirname, "check-trees.ts"), fixture(name)]);
    expect(run("bad-trees").status).toBe(1);
    expect(run("good-trees").status).toBe(0);
  });
});
