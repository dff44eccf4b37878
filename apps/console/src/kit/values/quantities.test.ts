import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grouped } from "./money.tsx";
import { bytesText, durationText, shortened } from "./quantities.ts";

describe("quantities", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1.5 * 2 ** 30, "1.5 GiB"],
    [2 ** 40 - 1, "1 TiB"],
    [123.4 * 2 ** 20, "123 MiB"],
  ])("tells %i bytes as %s", (bytes, text) => expect(bytesText(bytes)).toBe(text));

  it.each([
    [0, "0ms"],
    [420, "420ms"],
    [59_400, "59s"],
    [60_000, "1m"],
    [3_725_000, "1h 2m"],
    [90_061_000, "1d 1h"],
    [86_400_000, "1d"],
    [-5_000, "-5s"],
  ])("tells %i ms as %s", (ms, text) => expect(durationText(ms)).toBe(text));

  it("never tells more of an id than it has, and always its ends", () => {
    expect(shortened("0x1234567890abcdef")).toBe("0x1234…cdef");
    expect(shortened("0x12345678")).toBe("0x12345678");
    fc.assert(
      fc.property(fc.string(), (text) => {
        const short = shortened(text);
        return (
          short.length <= Math.max(11, 0) &&
          (short === text || (text.startsWith(short.slice(0, 6)) && text.endsWith(short.slice(-4))))
        );
      }),
    );
  });

  it("groups the whole part of a number only, and loses no digit", () => {
    expect(grouped("1234567.891011")).toBe("1\u2009234\u2009567.891011");
    expect(grouped("-1234")).toBe("-1\u2009234");
    expect(grouped("123")).toBe("123");
    fc.assert(fc.property(fc.bigInt(), (n) => grouped(String(n)).replaceAll("\u2009", "") === String(n)));
  });
});
