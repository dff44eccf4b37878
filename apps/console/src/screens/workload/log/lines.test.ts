import { shownText } from "@corepool/core/log-text";
import { describe, expect, it } from "vitest";
import { LogLines, MOST_CHARS } from "./lines.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const texts = (log: LogLines): string[] =>
  Array.from({ length: log.end - log.first }, (_, index) => log.line(log.first + index)?.text ?? "?");

describe("a log as lines", () => {
  it("joins pieces that end within a line, and within a character", () => {
    const log = new LogLines();
    const all = bytes("안녕하세요\nsecond line\n\nlast, without an end");
    for (let at = 0; at < all.length; at += 2) log.append("stdout", all.subarray(at, at + 2), undefined);
    expect(texts(log)).toEqual(["안녕하세요", "second line", "", "last, without an end"]);
  });

  it("is the same however the bytes are cut", () => {
    const all = bytes(Array.from({ length: 200 }, (_, n) => `line ${n} ${"é".repeat(n % 7)}`).join("\n"));
    const whole = new LogLines();
    whole.append("stdout", all, undefined);
    for (const size of [1, 3, 64, 1_000]) {
      const log = new LogLines();
      for (let at = 0; at < all.length; at += size) log.append("stdout", all.subarray(at, at + size), undefined);
      expect(texts(log)).toEqual(texts(whole));
    }
  });

  it("keeps the two outputs apart where they are cut into each other", () => {
    const log = new LogLines();
    log.append("stdout", bytes("half of "), 5);
    log.append("stderr", bytes("a warning\n"), 6);
    log.append("stdout", bytes("a line\nnext"), 7);
    expect(texts(log)).toEqual(["half of a line", "a warning", "next"]);
    expect([log.line(0), log.line(1), log.line(2)].map((line) => [line?.source, line?.at])).toEqual([
      ["stdout", 5],
      ["stderr", 6],
      ["stdout", 7],
    ]);
  });

  it("shows what a terminal would: no colours, and the last state of a progress bar", () => {
    const log = new LogLines();
    log.append("stderr", bytes("\u001b[32mgreen\u001b[0m\r\n10%\r"), undefined);
    log.append("stderr", bytes("20%\r"), undefined);
    expect(texts(log)).toEqual(["green", "20%"]);
    log.append("stderr", bytes("done\nnext\n"), undefined);
    expect(texts(log)).toEqual(["green", "done", "next"]);
    expect(shownText("\u001b]0;title\u0007text")).toBe("text");
  });

  it("cuts a line that never ends, and loses none of it", () => {
    const log = new LogLines();
    for (let n = 0; n < 10; n++) log.append("stdout", bytes("x".repeat(1_000)), undefined);
    log.append("stdout", bytes("y\nz"), undefined);
    expect(texts(log).slice(0, -1).join("")).toBe(`${"x".repeat(10_000)}y`);
    expect(texts(log).at(-1)).toBe("z");
    expect(Math.max(...texts(log).map((text) => text.length))).toBe(MOST_CHARS);
  });

  it("holds no more than it may, and counts on", () => {
    const log = new LogLines(100);
    for (let n = 0; n < 1_000; n++) log.append("stdout", bytes(`${n}\n`), undefined);
    expect(log.end).toBe(1_000);
    expect(log.end - log.first).toBeLessThanOrEqual(200);
    expect(log.line(999)?.text).toBe("999");
    expect(log.line(log.first)?.text).toBe(String(log.first));
    expect(log.line(0)).toBeUndefined();
  });
});
