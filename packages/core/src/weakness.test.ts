import { expect, test } from "vitest";
import { cureOf, namedWeaknesses, weaknessId } from "./weakness.ts";

const BWRAP = "bubblewrap<0.12.0:CVE-2026-87766";
const LIMITS = "memory-and-cpu-limits-per-process-only";

test("rules name a weakness by its identifier, by its whole mark, or all at once", () => {
  expect([weaknessId(BWRAP), weaknessId(LIMITS)]).toEqual(["CVE-2026-87766", LIMITS]);
  const marks = [BWRAP, LIMITS];
  expect(namedWeaknesses(marks, [])).toEqual([]);
  expect(namedWeaknesses(marks, ["cve-2026-87766"])).toEqual([BWRAP]);
  expect(namedWeaknesses(marks, [LIMITS, "CVE-2000-1"])).toEqual([LIMITS]);
  expect(namedWeaknesses(marks, [BWRAP])).toEqual([BWRAP]);
  expect(namedWeaknesses(marks, ["*"])).toEqual(marks);
  expect(namedWeaknesses([], ["*"])).toEqual([]);
  expect(namedWeaknesses(["x<1:CVE-2026-877661"], ["CVE-2026-87766"])).toEqual([]);
});

test("each mark has a cure", () => {
  expect(cureOf(BWRAP)).toMatch(/^Install bubblewrap 0\.12\.0 or later/);
  expect(cureOf(LIMITS)).toMatch(/as root/);
  expect(cureOf("something else")).toMatch(/doctor/);
});
