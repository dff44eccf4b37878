import { expect, it } from "vitest";
import { once } from "./once.ts";

it("begins once, and everybody gets what it gave", async () => {
  let begun = 0;
  const work = once(async () => ++begun);
  expect(await Promise.all([work(), work()])).toEqual([1, 1]);
  expect(await work()).toBe(1);
});

it("begins anew after a failure, which those who waited are told of", async () => {
  let begun = 0;
  const work = once(async () => {
    if (++begun === 1) throw new Error("EIO");
    return begun;
  });
  expect((await Promise.allSettled([work(), work()])).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await work()).toBe(2);
  expect(await work()).toBe(2);
});
