import { describe, expect, it } from "vitest";
import { fileName, imageTypeOf, textOf } from "./file-kind.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a file that is shown", () => {
  it("is text when it is UTF-8 without characters that no text has", () => {
    expect(textOf(bytes("정답 42\n\tx"))).toBe("정답 42\n\tx");
    expect(textOf(new Uint8Array([0xff, 0xfe, 0x41]))).toBeUndefined();
    expect(textOf(bytes("a\u0000b"))).toBeUndefined();
  });

  it("is an image by its name", () => {
    expect(imageTypeOf("plots/loss.PNG")).toBe("image/png");
    expect(imageTypeOf("model.bin")).toBeUndefined();
  });

  it("is saved under the last part of its path", () => {
    expect(fileName("a/b/c.txt")).toBe("c.txt");
    expect(fileName("c.txt")).toBe("c.txt");
  });
});
