import { describe, expect, it } from "vitest";
import { modelOf, readModels } from "./models.ts";
import { prove } from "./prover.ts";

/** A question takes a few seconds on an idle machine. */
const PATIENCE_MS = 150_000;
const TEST_MS = 320_000;

const MODELS = ["Bridge", "CloseWindow", "Counters", "Fees", "Lease", "Ledger", "Mandate"];
const HEAD = "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\n";

describe("the prover", () => {
  const counting = (step: string) =>
    `${HEAD}contract M { uint256 private n; function up() external { ${step} } function low() external view { assert(n < 3); } }`;

  it("proves, refutes and admits that it does not know", async () => {
    expect(await prove(counting("if (n < 2) n += 1;"), PATIENCE_MS)).toBe("proved");
    expect(await prove(counting("if (n < 3) n += 1;"), PATIENCE_MS)).toBe("refuted");
    expect(await prove(counting("if (n < 2) n += 1;"), 1)).toBe("unknown");
  }, TEST_MS);

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

// Two at a time: a question keeps a core busy.
describe.concurrent("the models of the ledger", { timeout: TEST_MS }, () => {
  const models = readModels();

  it("are all there, each with a bug to find", ({ expect: expectHere }) => {
    expectHere(models.map(({ name }) => name)).toEqual(MODELS);
    for (const { seeded } of models) expectHere(seeded.length).toBeGreaterThan(0);
  });

  for (const { name, source, seeded } of models) {
    it(`${name} holds`, async ({ expect: expectHere }) => {
      expectHere(await prove(source, PATIENCE_MS)).toBe("proved");
    });
    for (const bug of seeded) {
      it(`${name} does not hold with ${bug.name}`, async ({ expect: expectHere }) => {
        expectHere(await prove(bug.source, PATIENCE_MS)).toBe("refuted");
      });
    }
  }
});
