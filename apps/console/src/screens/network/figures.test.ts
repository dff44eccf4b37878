import { describe, expect, it } from "vitest";
import { bars, followerState, share } from "./figures.ts";

describe("the network's figures", () => {
  it("are shares between nothing and all", () => {
    expect([share(1, 4), share(0, 0), share(5, 4), share(-1, 4)]).toEqual([0.25, 0, 1, 0]);
  });

  it("tell a follower that is behind from a chain that stands still", () => {
    const follower = (lagBlocks: number, headAt: string | null) => ({
      block: "1",
      head: "1",
      finalized: "0",
      lagBlocks,
      headAt,
    });
    const now = Date.parse("2026-01-01T00:10:00.000Z");
    expect(followerState(follower(0, "2026-01-01T00:09:59.000Z"), now)).toBe("following");
    expect(followerState(follower(6, "2026-01-01T00:09:59.000Z"), now)).toBe("behind");
    expect(followerState(follower(0, "2026-01-01T00:07:00.000Z"), now)).toBe("still");
    expect(followerState(follower(0, null), now)).toBe("following");
  });

  it("draw a distribution by its fullest bucket", () => {
    const drawn = bars([
      { from: "0", to: "5", offers: 4 },
      { from: "5", to: null, offers: 1 },
    ]);
    expect(drawn.map((each) => each.height)).toEqual([1, 0.25]);
    expect(bars([])).toEqual([]);
  });
});
