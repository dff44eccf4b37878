import type { Refusal } from "@corepool/protocol/resources";
import { describe, expect, it } from "vitest";
import { groupRefusals } from "./refusals.ts";

const refusal = (dimension: Refusal["dimension"], had: string): Refusal =>
  ({ machine: "0x01", unit: 0, provider: "0x02", dimension, asked: "8", had, also: [] }) as Refusal;

describe("refusals", () => {
  it("are grouped by reason, the most frequent first, with some of what there was", () => {
    expect(
      groupRefusals([refusal("memory", "1 GiB"), refusal("cpus", "2"), refusal("cpus", "4"), refusal("cpus", "2")]),
    ).toEqual([
      { dimension: "cpus", count: 3, asked: "8", had: ["2", "4"], more: false },
      { dimension: "memory", count: 1, asked: "8", had: ["1 GiB"], more: false },
    ]);
  });

  it("name at most three examples, and say that there are more", () => {
    expect(groupRefusals(["1", "2", "3", "4", "5"].map((had) => refusal("cpus", had)))[0]).toMatchObject({
      count: 5,
      had: ["1", "2", "3"],
      more: true,
    });
    expect(groupRefusals(["1", "2", "3", "1"].map((had) => refusal("cpus", had)))[0]?.more).toBe(false);
    expect(groupRefusals([])).toEqual([]);
  });
});
