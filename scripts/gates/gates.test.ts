import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

  it("the console's words and imports", () => {
    const { status, output } = house(checkout("console"));
    const page = "apps/console/src/screens/x/page.tsx";
    expect(status).toBe(1);
    expect(output).toContain(`${page}:1 apps/console may not import @corepool/storage`);
    expect(output).toContain(`${page}:6 speaks without its catalogue: "All machines"`);
    expect(output).toContain(`${page}:7 speaks without its catalogue: "Machines"`);
    expect(output).toContain(`${page}:8 speaks without its catalogue: "Ready to rent"`);
    expect(output).toContain(`${page}:8 speaks without its catalogue: "Not yet"`);
    expect(output).toContain('ko.po:5 is not translated: "This one is in its catalogue."');
    expect(output).toContain("6 violations");
  });

  it("words that no catalogue has yet", () => {
    copy = mkdtempSync(join(ROOT, "apps/console/.gate-"));
    for (const file of ["lingui.config.ts", "src/locales"])
      cpSync(join(ROOT, "apps/console", file), join(copy, file), { recursive: true });
    mkdirSync(join(copy, "src/screens/x"), { recursive: true });
    cpSync(join(FIXTURES, "console/apps/console/src/screens/x/page.tsx"), join(copy, "src/screens/x/page.tsx"));
    const { status, output } = run("lingui", [
      "check",
      "sync",
      "--clean",
      "--workers",
      "1",
      "--config",
      join(copy, "lingui.config.ts"),
    ]);
    expect(status).not.toBe(0);
    expect(output).toContain("FAIL sync");
  });

  it("the console's weight", () => {
    copy = mkdtempSync(join(tmpdir(), "corepool-gate-"));
    const files = {
      first: "assets/index.js",
      market: "assets/page.js",
      words: "assets/ko.js",
      lazy: "assets/lazy.js",
      css: "assets/index.css",
      font: "assets/font.woff2",
    };
    const manifest = {
      "index.html": { file: files.first },
      "src/screens/market/page.tsx": {
        file: files.market,
        src: "src/screens/market/page.tsx",
        imports: ["index.html"],
      },
      "src/screens/market/locales/ko.po": { file: files.words, src: "src/screens/market/locales/ko.po" },
      "src/locales/ko.po": { file: files.words, src: "src/locales/ko.po" },
    };
    const weigh = (sizes: Partial<Record<keyof typeof files, number>>) => {
      mkdirSync(join(copy ?? "", ".vite"), { recursive: true });
      mkdirSync(join(copy ?? "", "assets"), { recursive: true });
      writeFileSync(join(copy ?? "", ".vite/manifest.json"), JSON.stringify(manifest));
      writeFileSync(
        join(copy ?? "", "index.html"),
        `<script type="module" crossorigin src="/${files.first}"></script>`,
      );
      for (const [name, file] of Object.entries(files))
        writeFileSync(join(copy ?? "", file), randomBytes(sizes[name as keyof typeof files] ?? 100));
      return run("node", ["scripts/gates/console-budget.ts", copy ?? ""]);
    };
    expect(run("node", ["scripts/gates/console-budget.ts", copy]).output).toContain("there is no build");
    expect(weigh({}).status).toBe(0);
    // Together they are too heavy, not alone.
    expect(weigh({ first: 80 * 1024, market: 80 * 1024 }).output).toContain("over: first route");
    expect(weigh({ lazy: 111 * 1024 }).output).toContain("over: lazy chunk lazy.js");
    expect(weigh({ css: 26 * 1024 }).output).toContain("over: style sheets");
    const { status, output } = weigh({ font: 61 * 1024 });
    expect([status, output.includes("over: fonts")]).toEqual([1, true]);
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
