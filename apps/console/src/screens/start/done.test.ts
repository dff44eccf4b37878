import { expect, it } from "vitest";
import { keepLooked, looked } from "./done.ts";

it("remembers what each account has looked at, and takes nothing else for it", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  keepLooked("0xAB", { result: "wkl_1" }, storage);
  keepLooked("0xab", { receipt: "wkl_2" }, storage);
  expect(looked("0xAb", storage)).toEqual({ result: "wkl_1", receipt: "wkl_2" });
  expect(looked("0xcd", storage)).toEqual({});
  for (const torn of ["null", "[", '"x"', '{"result":7}']) {
    kept.set("corepool.start.0xcd", torn);
    expect(looked("0xcd", storage), torn).toEqual({});
  }
});
