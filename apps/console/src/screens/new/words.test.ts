import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shellWord } from "../../kit/form/copy-as.ts";
import { wordsOf } from "./command-line.ts";
import {
  hourlyOf,
  hourlyText,
  namesOf,
  secondsOf,
  secondsText,
  sizeOf,
  sizeText,
  variablesOf,
  variablesText,
} from "./quantities.ts";

const GP = { symbol: "GP", decimals: 18 };

describe("a command in one line", () => {
  it("is split as a shell splits it", () => {
    const cases: readonly (readonly [string, readonly string[]])[] = [
      ["python3 train.py  digits.csv ", ["python3", "train.py", "digits.csv"]],
      [`python3 -c "print(6*7)"`, ["python3", "-c", "print(6*7)"]],
      [`a 'b c'd "e\\"f" g\\ h ''`, ["a", "b cd", 'e"f', "g h", ""]],
      [`"a\\nb"`, ["a\\nb"]],
      ["", []],
    ];
    for (const [line, words] of cases) expect(wordsOf(line), line).toEqual({ words, open: false });
    expect(wordsOf("echo 'a b")).toEqual({ words: ["echo", "a b"], open: true });
  });

  it("is read back as the words it was written from", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary-ascii" }).filter((word) => word !== "")), (words) => {
        expect(wordsOf(words.map(shellWord).join(" "))).toEqual({ words, open: false });
      }),
    );
  });
});

describe("what people type", () => {
  it("is a size, by any of its names", () => {
    expect(["512 MiB", "1.5g", "2GB", "4", "100 b", "64m"].map(sizeOf)).toEqual([
      2 ** 29,
      1.5 * 2 ** 30,
      2 ** 31,
      2 ** 32,
      100,
      2 ** 26,
    ]);
    expect(["", "-1", "1 x", "1e3", "99999999999"].map(sizeOf)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 29 }), (bytes) => sizeOf(sizeText(bytes)) === bytes));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), (count) => sizeOf(sizeText(count * 2 ** 30)) === count * 2 ** 30),
    );
  });

  it("is a duration", () => {
    expect(["5m", "1h 30m", "90s", "2d", "10", "1h30m"].map(secondsOf)).toEqual([300, 5_400, 90, 172_800, 600, 5_400]);
    expect(["", "soon", "-5m", "1.5h"].map(secondsOf)).toEqual([undefined, undefined, undefined, undefined]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 * 86_400 }), (seconds) => secondsOf(secondsText(seconds)) === seconds),
    );
  });

  it("is a price an hour, never more than was typed", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (base) => {
        const typed = hourlyText(String(base), GP);
        expect(hourlyOf(typed, GP)).toBe(String(base));
      }),
    );
    expect(hourlyOf("0.000000000000003599", GP)).toBe("0");
    expect(hourlyOf("1,5", GP)).toBeUndefined();
  });

  it("is an environment and a list of names", () => {
    expect(variablesOf("A=1\n\nB_2=x=y ")).toEqual({ A: "1", B_2: "x=y " });
    expect(variablesText({ A: "1", B: "" })).toBe("A=1\nB=");
    expect(["1A=2", "no", "=x"].map(variablesOf)).toEqual([undefined, undefined, undefined]);
    expect(namesOf(" python3, numpy\ntorch ")).toEqual(["python3", "numpy", "torch"]);
  });
});
