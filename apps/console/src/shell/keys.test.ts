import { describe, expect, it } from "vitest";
import { keyReader, type Stroke } from "./keys.ts";

const stroke = (key: string, rest: Partial<Stroke> = {}): Stroke => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  typing: false,
  ...rest,
});

describe("the shell's keys", () => {
  it("open the palette from anywhere, also while typing", () => {
    const read = keyReader();
    const palette = { type: "show", layer: "palette" };
    expect(read(stroke("k", { metaKey: true }), 0)).toEqual(palette);
    expect(read(stroke("K", { ctrlKey: true, typing: true }), 0)).toEqual(palette);
    expect(read(stroke("k"), 0)).toBeUndefined();
  });

  it("leave letters alone where somebody types", () => {
    const read = keyReader();
    for (const key of ["?", "g", "m"]) expect(read(stroke(key, { typing: true }), 0)).toBeUndefined();
  });

  it("go somewhere by g and a letter, soon after one another and only once", () => {
    const read = keyReader();
    expect(read(stroke("g"), 0)).toEqual({ type: "wait" });
    expect(read(stroke("m"), 1_200)).toEqual({ type: "go", key: "m" });
    expect(read(stroke("m"), 1_300)).toBeUndefined();
    read(stroke("g"), 2_000);
    expect(read(stroke("m"), 3_201)).toBeUndefined();
  });
});
