import { describe, expect, it } from "vitest";
import { parseViews } from "./views.ts";

describe("saved views", () => {
  it("come back whole, without what is damaged", () => {
    const good = { name: "Cheap", search: { sort: "price" } };
    expect(
      parseViews(JSON.stringify([good, null, 7, { name: "" }, { name: "x" }, { name: "y", search: null }])),
    ).toEqual([good]);
    for (const text of [null, "", "{", "{}", '"a"']) expect(parseViews(text)).toEqual([]);
  });
});
