import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Case, catalogue, sample } from "./catalogue.ts";
import { namedIn, openJournal } from "./journal.ts";
import { faultsOf, listedSurvivors, scoreOf, staleSurvivors } from "./judge.ts";
import { type Mutant, mutantsOf, mutate } from "./mutant.ts";
import { tryMutants } from "./pool.ts";
import { solidityChanges } from "./solidity.ts";
import { typescriptChanges } from "./typescript.ts";

const FIXTURE = "bench/mutants/fixtures/fee.ts";
/** Of everything that a case starts; the first start compiles the contracts' tests. */
const TEST_MS = 600_000;
/**
 * How much of the catalogue `npm test` tries. The seed is fixed, so the same code always gives the same sample and the
 * same result; a change of the code draws another one. Another seed tries others: MUTANTS_SEED=2 npx vitest run
 * bench/mutants.
 */
const SAMPLE = { contracts: 8, typescript: 10 } as const;
/** `bench mutants` holds the whole to LEAST_KILLED; a sample of this size of such a whole is below this once in twenty-five. */
const LEAST_KILLED_OF_SAMPLE = 2 / 3;
const seed = Number(process.env["MUTANTS_SEED"] ?? 1);

const texts = (source: string, changesOf: typeof solidityChanges): string[] =>
  mutantsOf("f", source, changesOf(source)).map((mutant) => mutate(source, mutant));

describe("what is changed", () => {
  it("in Solidity", () => {
    const of = (body: string): string[] =>
      texts(`contract C { function f(uint a) external restricted { ${body} } }`, solidityChanges).map(
        (text) => /\{ function f\(uint a\) (external.*) \} \}$/.exec(text)?.[1] ?? text,
      );
    expect(of("if (a < 1) revert E();")).toEqual([
      "external  { if (a < 1) revert E();",
      "external restricted { {}",
      "external restricted { if (a <= 1) revert E();",
      "external restricted { if (a >= 1) revert E();",
      "external restricted { if (a < 2) revert E();",
      "external restricted { if (a < 0) revert E();",
    ]);
    expect(of("x += a; emit E(); return;").slice(1)).toEqual([
      "external restricted { {} emit E(); return;",
      "external restricted { x -= a; emit E(); return;",
      "external restricted { x += a; {} return;",
    ]);
    expect(of("assembly { a := add(a, 0x20) }").slice(1)).toEqual([
      "external restricted { assembly { a := sub(a, 0x20) }",
      "external restricted { assembly { a := add(a, 0x21) }",
    ]);
  });

  it("in TypeScript", () => {
    const of = (body: string): string[] =>
      texts(`const f = (a) => {${body}};`, typescriptChanges).map((t) => t.slice(18, -2));
    expect(of("if (a < 1) throw e;")).toEqual([
      ";",
      "if (a <= 1) throw e;",
      "if (a >= 1) throw e;",
      "if (a < 2) throw e;",
    ]);
    expect(of("return a ?? Math.min(b, c);")).toEqual([
      ";",
      "return a && Math.min(b, c);",
      "return a ?? Math.max(b, c);",
    ]);
    expect(of('deps.log.info("x", { n: 1 }); throw new CorepoolError("e", { detail: 1 + 1 });')).toEqual([]);
    expect(texts("const T: Type<1> = { a: [1, true] };", typescriptChanges)).toEqual([
      "const T: Type<1> = { a: [2, true] };",
      "const T: Type<1> = { a: [ true] };",
      "const T: Type<1> = { a: [1, ] };",
      "const T: Type<1> = { a: [1, false] };",
    ]);
  });

  it("has a name that survives changes elsewhere in the file", () => {
    const before = "const f = (a) => a + 1 + (a + 1);";
    const after = `// more\n\n${before}`;
    const keys = (source: string): string[] => mutantsOf("f", source, typescriptChanges(source)).map(({ key }) => key);
    expect(keys(after)).toEqual(keys(before));
    expect(new Set(keys(before)).size).toBe(keys(before).length);
  });
});

describe("the verdict", () => {
  const mutant: Mutant = { file: "f", key: "k", line: 1, start: 0, end: 0, text: "" };
  const one: Case = { mutant, tests: [] };

  it("complains of a survivor without a reason and of a reason without a survivor", () => {
    expect(faultsOf([{ case: one, outcome: "survived" }], [])).toEqual(["f:1: no test notices: k"]);
    expect(faultsOf([{ case: one, outcome: "survived" }], [{ key: "k", reason: "r" }])).toEqual([]);
    expect(faultsOf([{ case: one, outcome: "killed" }], [{ key: "k", reason: "r" }])).toHaveLength(1);
    expect(faultsOf([{ case: one, outcome: "stillborn" }], [])).toEqual([]);
    expect(staleSurvivors([{ key: "gone", reason: "r" }], new Set(["k"]))).toHaveLength(1);
    expect(staleSurvivors([{ key: "k", reason: " " }], new Set(["k"]))).toHaveLength(1);
    const twice = [
      { key: "k", reason: "r" },
      { key: "k", reason: "r" },
    ];
    expect(staleSurvivors(twice, new Set(["k"]))).toHaveLength(1);
  });

  it("is a share of what a test could notice", () => {
    const results = (["killed", "killed", "killed", "survived", "survived", "stillborn"] as const).map(
      (outcome, i) => ({
        case: { mutant: { ...mutant, key: `k${i}` }, tests: [] },
        outcome,
      }),
    );
    const listed = [{ key: "k4", reason: "r" }];
    expect(scoreOf(results, listed)).toEqual({ killed: 3, unnoticed: 1, explained: 1, stillborn: 1, share: 0.75 });
    expect(scoreOf(results, []).share).toBe(0.6);
  });

  it("is kept for the next run, which tries again what survived", () => {
    const folder = mkdtempSync(join(tmpdir(), "mutants-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const cases = ["a", "b", "c", "d"].map((key) => ({ mutant: { ...mutant, key }, tests: [] }));
    const path = join(folder, "journal");
    const { keep } = openJournal(path, cases);
    for (const [i, outcome] of (["killed", "survived", "stillborn"] as const).entries())
      keep({ case: cases[i] ?? one, outcome });
    const { known, left } = openJournal(path, cases);
    expect(known.map((result) => `${result.case.mutant.key} ${result.outcome}`)).toEqual(["a killed", "c stillborn"]);
    expect(left.map((each) => each.mutant.key)).toEqual(["b", "d"]);
    expect(openJournal(undefined, cases).left).toEqual(cases);
  });

  it("can be asked of the mutants that an earlier run named", () => {
    const cases = ["f g swap: a => b", "f g swap: a => b #2", "f h: c", "f i: d => "].map((key) => ({
      mutant: { ...mutant, key },
      tests: [],
    }));
    const named = (text: string): string[] => namedIn(text, cases).map((each) => each.mutant.key);
    expect(named("1/9 f:7: no test notices: f g swap: a => b #2\nmutants.share 90 %")).toEqual(["f g swap: a => b #2"]);
    expect(named("survived\tf g swap: a => b\nf h: c\n")).toEqual(["f g swap: a => b", "f h: c"]);
    expect(named("f i: d =>\n")).toEqual(["f i: d => "]);
  });

  it("has a list in which every survivor is a mutant of today with a reason", () => {
    const keys = new Set([...catalogue("contracts"), ...catalogue("typescript")].map(({ mutant: { key } }) => key));
    expect(staleSurvivors(listedSurvivors(), keys)).toEqual([]);
    expect(keys.size).toBe(catalogue("contracts").length + catalogue("typescript").length);
  });
});

describe("the runners", { timeout: TEST_MS }, () => {
  it("find out which change to a module its tests miss", async () => {
    const source = "export const feeOf = (total: bigint): bigint => (total < 0n ? 0n : (total * 5n) / 100n);\n";
    const cases = mutantsOf(FIXTURE, source, typescriptChanges(source))
      .filter(({ key }) => /swap: total \* 5n|swap: total < 0n/.test(key))
      .map((mutant) => ({ mutant, tests: [["bench/mutants/fixtures/fee.test.ts"]] }));
    // As `npm run bench` starts it.
    process.execArgv.push("--input-type=module");
    onTestFinished(() => void process.execArgv.pop());
    const results = await tryMutants("typescript", cases, 1);
    // The fixture's test asks about 100 only.
    expect(results.map(({ case: { mutant }, outcome }) => `${mutant.text} ${outcome}`)).toEqual([
      "<= survived",
      ">= killed",
      "/ killed",
    ]);
    expect(faultsOf(results, [])).toEqual([expect.stringContaining("total < 0n => total <= 0n")]);
  });

  it("notice no change of a contract where there is none, and one that cannot be compiled", async () => {
    const at = (text: string): Case => {
      const mutant = { file: "contracts/src/TestUSDC.sol", key: "none", line: 1, start: 0, end: 0, text };
      return { mutant, tests: [["test/unit/TestUSDC.t.sol"]] };
    };
    const results = await tryMutants("contracts", [at(""), at("no Solidity")], 1);
    expect(results.map(({ outcome }) => outcome)).toEqual(["survived", "stillborn"]);
  });

  it.each(["contracts", "typescript"] as const)(
    "have a sample of %s in which the tests notice what is changed",
    async (language) => {
      const cases = sample(catalogue(language), SAMPLE[language], seed);
      const results = await tryMutants(language, cases, 1);
      const faults = faultsOf(results, listedSurvivors());
      const unexplained = faults.filter((fault) => fault.includes("no test notices"));
      if (unexplained.length > 0) console.warn(unexplained.join("\n"));
      expect(faults.filter((fault) => !unexplained.includes(fault))).toEqual([]);
      const { killed, share } = scoreOf(results, listedSurvivors());
      expect(share).toBeGreaterThanOrEqual(LEAST_KILLED_OF_SAMPLE);
      expect(killed).toBeGreaterThan(SAMPLE[language] / 2);
    },
  );
});
