import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { currentOf, matchPath, readSearch, writeSearch } from "./match.ts";

describe("a path", () => {
  it.each([
    ["/market", "/market", {}],
    ["/market", "/market/", {}],
    ["/market", "/markets", undefined],
    ["/market", "/market/x", undefined],
    ["/w/$id", "/w/wkl_1", { id: "wkl_1" }],
    ["/w/$id", "/w/a%2Fb", { id: "a/b" }],
    ["/w/$id", "/w/", undefined],
    ["/w/$id", "/w/%E0%A4%A", undefined],
    ["/provider/m/$id", "/provider/m/0x12", { id: "0x12" }],
  ])("%s of %s", (pattern, path, expected) => expect(matchPath(pattern, path)).toEqual(expected));

  it("keeps any parameter as it was", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: "grapheme" }),
        (id) => matchPath("/w/$id", `/w/${encodeURIComponent(id)}`)?.["id"] === id,
      ),
    );
  });
});

it.each([
  ["/w", "/w", "page"],
  ["/w", "/w/wkl_1", "true"],
  ["/w", "/wallet", undefined],
  ["/provider", "/provider/m/0x1", "true"],
] as const)("a link to %s is, on %s, %s", (target, path, expected) => expect(currentOf(target, path)).toBe(expected));

describe("a search", () => {
  it("has one address for one view, and no field that says nothing", () => {
    expect(writeSearch({ sort: "-price", cpus: 2, q: "", open: undefined })).toBe("?cpus=2&sort=-price");
    expect(writeSearch({})).toBe("");
  });

  it("comes back as it went", () => {
    const fields = fc.dictionary(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), { noNullPrototype: true });
    fc.assert(
      fc.property(fields, (search) => {
        expect(readSearch(writeSearch(search))).toEqual(search);
      }),
    );
  });
});
