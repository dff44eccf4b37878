import { PROBLEMS, type ProblemCode } from "@corepool/protocol/problems";
import { describe, expect, it } from "vitest";
import { PROBLEM_WORDS } from "./use-problem.ts";

const CODES = Object.keys(PROBLEMS) as readonly ProblemCode[];
const HANGUL = /\p{Script=Hangul}/u;

/** Codes of the catalogue whose words are missing or are no sentence, and words of codes that it has not. */
const wrong = (words: Readonly<Record<string, string>>, good: (text: string) => boolean) => [
  ...CODES.filter((code) => !good(words[code] ?? "")),
  ...Object.keys(words).filter((code) => !(code in PROBLEMS)),
];

describe("what to do next", () => {
  it("is said for every problem of the catalogue, in one sentence of English", async () => {
    const { next, titles } = await PROBLEM_WORDS.en();
    expect(wrong(next, (text) => /^[A-Z].{10,}\.$/.test(text) && !HANGUL.test(text))).toEqual([]);
    expect(titles).toBeUndefined();
  });

  it("is said, like what the problem is, for every one in Korean", async () => {
    const { next, titles } = await PROBLEM_WORDS.ko();
    expect(wrong(next, (text) => HANGUL.test(text) && text.endsWith("."))).toEqual([]);
    expect(wrong(titles ?? {}, (text) => HANGUL.test(text))).toEqual([]);
  });

  it("repeats neither what happened nor what another language says", async () => {
    const [english, korean] = [await PROBLEM_WORDS.en(), await PROBLEM_WORDS.ko()];
    for (const code of CODES)
      expect(
        new Set([english.next[code], PROBLEMS[code].title, korean.next[code], korean.titles?.[code]]).size,
        code,
      ).toBe(4);
  });

  it("would be missed", async () => {
    const { next } = await PROBLEM_WORDS.en();
    const { internal: _, ...rest } = next;
    expect(wrong({ ...rest, "not-found": "", unheard: "Do this." }, (text) => text !== "")).toEqual([
      "not-found",
      "internal",
      "unheard",
    ]);
  });
});
