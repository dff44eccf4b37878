import { describe, expect, it } from "vitest";
import { LogFinder, nextFound } from "./finder.ts";
import { LogLines } from "./lines.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const still = (): number => 0;

describe("a search in a log", () => {
  it("finds lines whatever their case, in one of the outputs or both, also those that come later", () => {
    const lines = new LogLines();
    const finder = new LogFinder();
    lines.append("stdout", bytes("one\nError: a\n"), undefined);
    lines.append("stderr", bytes("ERROR b\n"), undefined);
    finder.ask({ text: "error", source: "all" });
    expect(finder.step(lines, 10, still)).toBe(true);
    expect(finder.found).toEqual([1, 2]);
    lines.append("stdout", bytes("no error\n"), undefined);
    finder.step(lines, 10, still);
    expect(finder.found).toEqual([1, 2, 3]);
    finder.ask({ text: "", source: "stderr" });
    finder.step(lines, 10, still);
    expect(finder.found).toEqual([2]);
  });

  it("looks again at a line that has grown", () => {
    const lines = new LogLines();
    const finder = new LogFinder();
    lines.append("stdout", bytes("err"), undefined);
    finder.ask({ text: "error", source: "all" });
    finder.step(lines, 10, still);
    expect(finder.found).toEqual([]);
    lines.append("stdout", bytes("or"), undefined);
    finder.step(lines, 10, still);
    finder.step(lines, 10, still);
    expect(finder.found).toEqual([0]);
  });

  it("stops when its time is over and goes on there", () => {
    const lines = new LogLines();
    lines.append("stdout", bytes("x\n".repeat(50_000)), undefined);
    const finder = new LogFinder();
    finder.ask({ text: "x", source: "all" });
    let now = 0;
    const clock = () => now++;
    expect(finder.step(lines, 5, clock)).toBe(false);
    expect(finder.found.length).toBeLessThan(50_000);
    while (!finder.step(lines, 5, clock));
    expect(finder.found.length).toBe(50_000);
    expect(new Set(finder.found).size).toBe(50_000);
  });

  it("forgets lines that the log has let go of", () => {
    const lines = new LogLines(10);
    const finder = new LogFinder();
    finder.ask({ text: "x", source: "all" });
    for (let n = 0; n < 100; n++) {
      lines.append("stdout", bytes("x\n"), undefined);
      finder.step(lines, 10, still);
    }
    expect(finder.found[0]).toBe(lines.first);
    expect(finder.found.at(-1)).toBe(99);
  });

  it("goes from one to the next, and round", () => {
    expect(nextFound([3, 7], 3, 1)).toBe(7);
    expect(nextFound([3, 7], 7, 1)).toBe(3);
    expect(nextFound([3, 7], 3, -1)).toBe(7);
    expect(nextFound([], 3, 1)).toBeUndefined();
  });
});
