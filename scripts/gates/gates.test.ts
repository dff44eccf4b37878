import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

const FIXTURES = resolve(import.meta.dirname, "fixtures");
const ROOT = resolve(import.meta.dirname, "../..");

const run = (command: string, args: readonly string[], cwd = ROOT) => {
  const result = spawnSync(command, args, { cwd, encoding: "utf8" });
  return { status: result.status, output: `${result.stdout}${result.stderr}` };
};

/** Each gate has a tree that it must reject: a gate that cannot fail guards nothing. */
describe("every gate rejects its fixture", () => {
  let copy: string | undefined;
  afterEach(() => {
    if (copy !== undefined) rmSync(copy, { recursive: true, force: true });
    copy = undefined;
  });
  /** A checkout of its own, since the gates look at what git lists. */
  const checkout = (fixture: string) => {
    copy = mkdtempSync(join(tmpdir(), "corepool-gate-"));
    cpSync(join(FIXTURES, fixture), copy, { recursive: true });
    run("git", ["init", "-q"], copy);
    return copy;
  };
  const house = (root: string) => run("node", ["scripts/gates/house.ts", root]);

  it("imports", () => {
    const { status, output } = house(checkout("imports"));
    expect(status).toBe(1);
    expect(output).toContain("packages/core/src/a.ts:1 core imports nothing");
    expect(output).toContain("packages/sdk/src/b.ts:1 packages/sdk may not import @corepool/chain");
    expect(output).toContain("apps/agent/src/c.ts:1 reaches out of apps/agent");
    expect(output).toContain("apps/agent/src/d.ts:1 nothing imports sim");
    expect(output).toContain("e2e/e.ts:1 nothing imports sim");
    expect(output).toContain("sim/src/f.ts:1 sim may not import @corepool/storage");
    expect(output).not.toContain("bench/g.ts");
    expect(output).not.toContain("sim/src/h.ts");
  });

  it("platform", () => {
    const { status, output } = house(checkout("platform"));
    expect(status).toBe(1);
    expect(output.match(/take a (Clock|Random|port)/g)).toHaveLength(4);
  });

  it("length", () => {
    const { status, output } = house(checkout("length"));
    expect(status).toBe(1);
    expect(output).toContain("has 501 lines");
  });

  it("named tests", () => {
    const { status, output } = house(checkout("named-tests"));
    expect(status).toBe(1);
    expect(output).toContain("SECURITY.md:5 names packages/core/src/gone.test.ts, which does not exist");
    expect(output).toContain("SECURITY.md:6 names packages/core/src/lost.test.ts, which does not exist");
    expect(output).toContain('docs/asvs.md:3 names a test "does what it never did"');
    expect(output).toContain("3 violations");
  });

  it("an empty tree", () => {
    copy = mkdtempSync(join(tmpdir(), "corepool-gate-"));
    run("git", ["init", "-q"], copy);
    expect(house(copy).status).toBe(1);
  });

  it("format", () => {
    const root = checkout("style");
    cpSync(join(ROOT, "biome.json"), join(root, "biome.json"));
    const { status, output } = run("biome", ["check", "--error-on-warnings", "."], root);
    expect(status).not.toBe(0);
    expect(output).toContain("ugly.ts");
  });

  it("cycles", () => {
    const root = checkout("cycles");
    cpSync(join(ROOT, "biome.json"), join(root, "biome.json"));
    const { status, output } = run("biome", ["lint", "."], root);
    expect(status).not.toBe(0);
    expect(output).toContain("noImportCycles");
  });

  it("typed lint", () => {
    const { status, output } = run("oxlint", [
      "--type-aware",
      "--no-ignore",
      "-c",
      ".oxlintrc.json",
      join(FIXTURES, "typed"),
    ]);
    expect(status).not.toBe(0);
    expect(output).toContain("no-floating-promises");
  });

  it("types", () => {
    const { status, output } = run("tsc", ["-p", join(FIXTURES, "types")]);
    expect(status).not.toBe(0);
    expect(output).toContain("wrong.ts");
  });

  it("dead code", () => {
    const { status, output } = run("knip", ["--no-progress"], join(FIXTURES, "dead"));
    expect(status).not.toBe(0);
    expect(output).toContain("unused");
  });
});
