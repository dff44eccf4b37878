import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import { createRefresh } from "./refresh.ts";

/** An answer on screen, whose reads are counted and end when they are let go. */
function shown(cache: QueryClient, queryKey: readonly unknown[]) {
  const open: (() => void)[] = [];
  let begun = 0;
  const observer = new QueryObserver(cache, {
    queryKey,
    queryFn: () => {
      const mine = ++begun;
      return new Promise<number>((resolve) => open.push(() => resolve(mine)));
    },
  });
  observer.subscribe(() => undefined);
  return {
    begun: () => begun,
    answer: () => observer.getCurrentResult().data,
    letGo: async () => {
      for (const each of open.splice(0)) each();
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

/** A wait that ends when it is told to. */
function heldWait() {
  const held: (() => void)[] = [];
  return {
    wait: () => new Promise<void>((resolve) => held.push(resolve)),
    over: async () => {
      for (const each of held.splice(0)) each();
      await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

describe("what events have made old", () => {
  it("is read once for a burst of them, and once more for those that came while it was read", async () => {
    const cache = new QueryClient();
    const one = shown(cache, ["one"]);
    const other = shown(cache, ["other"]);
    await Promise.all([one.letGo(), other.letGo()]);
    const { wait, over } = heldWait();
    const refresh = createRefresh(cache, wait);
    for (let n = 0; n < 100; n++) refresh.touch([["one"]]);
    expect([one.begun(), cache.getQueryState(["one"])?.isInvalidated]).toEqual([1, true]);
    await over();
    expect([one.begun(), other.begun()]).toEqual([2, 1]);

    refresh.touch([["one"], ["other"]]);
    await over();
    expect([one.begun(), other.begun()]).toEqual([2, 1]);
    await one.letGo();
    await over();
    expect([one.begun(), other.begun()]).toEqual([3, 2]);
    await Promise.all([one.letGo(), other.letGo()]);
    expect([one.answer(), other.answer()]).toEqual([3, 2]);
  });

  it("is begun again when a read was under way that may bring the old answer", async () => {
    const cache = new QueryClient();
    const one = shown(cache, ["one"]);
    const { wait, over } = heldWait();
    createRefresh(cache, wait).touch([["one"]]);
    await over();
    await one.letGo();
    await one.letGo();
    expect([one.begun(), one.answer()]).toEqual([2, 2]);
  });
});
