import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, pointerOf, valueAt, withValueAt } from "./pointer.ts";

describe("pointers", () => {
  it("write what they read, whatever the keys are, and leave the rest as it was", () => {
    const key = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("__proto__", "a/b", "~", "~1", "constructor"));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1, maxLength: 4 }), fc.integer(), (path, value) => {
        const before = Object.freeze({ untouched: 1 });
        const pointer = pointerOf(path);
        fc.pre(path[0] !== "untouched");
        const after = withValueAt(before, pointer, value);
        expect(valueAt(after, pointer)).toBe(value);
        expect(after.untouched).toBe(1);
        expect(before).toEqual({ untouched: 1 });
        expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
      }),
    );
  });

  it("take a field out by undefined, and an entry of a list", () => {
    expect(withValueAt({ a: 1, b: 2 }, "/a", undefined)).toEqual({ b: 2 });
    expect(withValueAt({ a: ["x", "y", "z"] }, "/a/1", undefined)).toEqual({ a: ["x", "z"] });
    expect(withValueAt({ a: ["x"] }, "/a/1", "y")).toEqual({ a: ["x", "y"] });
  });

  it("find nothing where nothing is, also on a prototype", () => {
    for (const pointer of ["/a/b/c", "/toString", "/list/9"]) expect(valueAt({ list: [1] }, pointer)).toBeUndefined();
  });

  it("know which field a problem belongs to", () => {
    expect(covers("/scopes", "/scopes/0")).toBe(true);
    expect(covers("/scopes", "/scopes")).toBe(true);
    expect(covers("/name", "/named")).toBe(false);
  });
});
