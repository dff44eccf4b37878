import { codeOf } from "@corepool/core/errors";
import { expect, it } from "vitest";
import { type SpecOptions, specOf } from "./job-options.ts";

const options = { cpu: "1", memory: "512MiB", disk: "256MiB", time: "10m", env: [], needs: [] };

function refusal(changes: Partial<SpecOptions>): string {
  try {
    specOf(["true"], { ...options, ...changes });
  } catch (error) {
    if (codeOf(error) === "bad-usage" && error instanceof Error) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

it("takes no command without a word, before anything is ordered", () => {
  for (const words of [[], [""], [" ", "x"]]) expect(() => specOf(words, options)).toThrow("The command is empty.");
});

it("says which option is wrong, in the words in which it is given", () => {
  expect(refusal({ cpu: "banana" })).toBe('--cpu "banana" is not a whole number above zero.');
  expect(refusal({ memory: "lots" })).toBe('--memory "lots" is not a size.');
  expect(refusal({ time: "31d" })).toBe("--time is at most 30d.");
  expect(refusal({ time: "0s" })).toBe("--time is at least 1s.");
  expect(refusal({ memory: "1MiB" })).toBe("--memory is at least 16 MiB.");
  expect(refusal({ disk: "2000TiB" })).toBe("--disk is at most 1 PiB.");
  expect(refusal({ gpu: "5000" })).toBe("--gpu is at most 1024.");
  expect(refusal({ name: "" })).toBe("--name is at least 1 characters.");
  expect(refusal({ env: ["HOME"] })).toBe('--env "HOME" is not a variable.');
  expect(refusal({ env: ["1A=2"] })).toMatch(/^--env is not acceptable/);
  expect(specOf(["true"], { ...options, env: ["A=b=c"] })).toMatchObject({ env: { A: "b=c" }, durationSeconds: 600 });
});
