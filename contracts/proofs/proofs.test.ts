import { describe, expect, it } from "vitest";
import { modelOf, readModels } from "./models.ts";
import { prove } from "./prover.ts";

/** A question takes a few seconds on an idle machine. */
const PATIENCE_MS = 150_000;
const TEST_MS = 320_000;

/** Of each model one seeded bug is refuted in every test run, with COREPOOL_EVERY_BUG=1 all of them. */
const EVERY_BUG = process.env["COREPOOL_EVERY_BUG"] === "1";

const MODELS = ["Bridge", "Burn", "CloseWindow", "Counters", "Fees", "Lease", "Ledger", "Mandate"];
const HEAD = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n";

describe("the prover", () => {
  const counting = (step: string) =>
    `${HEAD}contract M { uint256 private n; function up() external { ${step} } function low() external view { assert(n < 3); } }`;

  it(
    "proves, refutes and admits that it does not know",
    async () => {
      expect(await prove(counting("if (n < 2) n += 1;"), PATIENCE_MS)).toBe("proved");
      expect(await prove(counting("if (n < 3) n += 1;"), PATIENCE_MS)).toBe("refuted");
      expect(await prove(counting("if (n < 2) n += 1;"), 1)).toBe("unknown");
    },
    TEST_MS,
  );

  it("takes no file that asserts nothing or does not compile", async () => {
    await expect(prove(`${HEAD}contract M {}`, PATIENCE_MS)).rejects.toThrow("asserts nothing");
    await expect(prove(`${HEAD}contract M { uint8 n = 300; }`, PATIENCE_MS)).rejects.toThrow("not implicitly");
  });

  it("seeds the bug that a line carries", () => {
    const model = modelOf("M", "a\n  b; // seeded gone:\n c; // seeded other-c: d;");
    expect(model.seeded).toEqual([
      { name: "gone", source: "a\n  \n c; // seeded other-c: d;" },
      { name: "other-c", source: "a\n  b; // seeded gone:\n d;" },
    ]);
  });
});

describe("the models of the ledger", { timeout: 10 * TEST_MS }, () => {
  const models = readModels();

  it("are all there, each with a bug to find", () => {
    expect(models.map(({ name }) => name)).toEqual(MODELS);
    for (const { seeded } of models) expect(seeded.length).toBeGreaterThan(0);
  });

  it("hold, and do not hold with a seeded bug", async () => {
    const jobs = models.flatMap(({ name, source, seeded }) => [
      { name, source, wanted: "proved" },
      ...(EVERY_BUG ? seeded : seeded.slice(0, 1)).map((bug) => ({
        name: `${name} with ${bug.name}`,
        source: bug.source,
        wanted: "refuted",
      })),
    ]);
    const verdicts = new Map<string, string>();
    const todo = jobs.values();
    // A question keeps a core busy.
    const work = async (): Promise<void> => {
      for (const { name, source } of todo) verdicts.set(name, await prove(source, PATIENCE_MS));
    };
    await Promise.all([work(), work()]);
    expect(Object.fromEntries(verdicts)).toEqual(Object.fromEntries(jobs.map(({ name, wanted }) => [name, wanted])));
  });
});
