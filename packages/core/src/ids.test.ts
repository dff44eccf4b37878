import { describe, expect, it } from "vitest";
import { newId } from "./ids.ts";
import type { Clock } from "./ports/clock.ts";

const clockAt = (ms: number): Clock => ({ now: () => ms, monotonic: () => ms, sleep: () => Promise.resolve() });
const bytes = (fill: number) => ({ bytes: (count: number) => new Uint8Array(count).fill(fill) });

describe("ids", () => {
  it("sort by time, whatever the random part", () => {
    const early = newId("wkl", clockAt(1_790_000_000_000), bytes(255));
    const late = newId("wkl", clockAt(1_790_000_000_001), bytes(0));
    expect(early < late).toBe(true);
    expect(early).toMatch(/^wkl_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it("differ by their random part within one millisecond", () => {
    expect(newId("att", clockAt(5), bytes(1))).not.toBe(newId("att", clockAt(5), bytes(2)));
  });
});
