import { afterEach, describe, expect, it } from "vitest";
import { online } from "./online.ts";

describe("contact with the coordinator", () => {
  afterEach(() => online.store.set({ reachable: true, at: undefined }));

  it("remembers when it last answered while it does not", () => {
    online.heard(true, 10_000);
    online.heard(false, 20_000);
    expect(online.store.get()).toEqual({ reachable: false, at: 10_000 });
    online.heard(true, 30_000);
    expect(online.store.get()).toEqual({ reachable: true, at: 30_000 });
  });

  it("tells its listeners at most once a second while all is well", () => {
    let told = 0;
    const leave = online.store.subscribe(() => told++);
    for (let now = 0; now < 5_000; now += 100) online.heard(true, now);
    leave();
    expect(told).toBe(5);
  });
});
