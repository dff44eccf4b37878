import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ASVS_LEVELS } from "./asvs-levels.ts";
import { namedTestViolations } from "./named-tests.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const text = readFileSync(resolve(ROOT, "docs/asvs.md"), "utf8");
const rows = [...text.matchAll(/^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(
  ([, id = "", level = "", asks = "", state = "", answer = ""]) => ({ id, level: Number(level), asks, state, answer }),
);
const wanted = [...ASVS_LEVELS].filter(([, level]) => level <= 2);
const TEST = /^`([^`]+)` › (\S.*)$/;

describe("the ASVS matrix", () => {
  it("knows the standard: 345 requirements, 70 of level 1, 183 of level 2", () => {
    const count = (level: number) => [...ASVS_LEVELS.values()].filter((l) => l === level).length;
    expect([ASVS_LEVELS.size, count(1), count(2), count(3)]).toEqual([345, 70, 183, 92]);
  });

  it("has one row for each requirement of levels 1 and 2, in order, and no other", () => {
    expect(rows.map(({ id, level }) => [id, level])).toEqual(wanted);
    expect(rows).toHaveLength(253);
    // No line of a table that the rows above do not cover.
    expect(text.match(/^\| \d/gm)).toHaveLength(253);
  });

  it.each(rows)("answers for $id", ({ asks, state, answer }) => {
    expect(asks).not.toBe("");
    if (state === "met") expect(answer).toMatch(TEST);
    else {
      expect(["does not apply", "not met"]).toContain(state);
      expect(answer.length).toBeGreaterThan(4);
    }
  });

  it("names tests that exist, as tests", () => {
    expect(namedTestViolations(ROOT, [{ path: "docs/asvs.md", text }])).toEqual([]);
    for (const { id, answer } of rows.filter(({ state }) => state === "met")) {
      const [, path = "", name = ""] = TEST.exec(answer) ?? [];
      const source = readFileSync(resolve(ROOT, path), "utf8");
      // The title of a test or of a group of tests, not words that stand anywhere.
      const titled = [`("${name}"`, `(\`${name}\``].some((title) => source.includes(title));
      expect(titled, `${id}: ${name}`).toBe(true);
    }
  });

  it("says how many rows are in which state", () => {
    const count = (state: string) => rows.filter((row) => row.state === state).length;
    expect(text.replaceAll(/\s+/g, " ")).toContain(
      `${count("met")} are met, ${count("does not apply")} do not apply and ${count("not met")} are not met.`,
    );
  });
});
