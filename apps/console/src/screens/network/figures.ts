import type { NetworkView } from "@corepool/protocol/resources";

/** Seconds behind the newest block that was seen after which the chain itself looks stopped. */
const STILL_SECONDS = 120;

/** A share of a whole, 0 to 1; 0 of nothing is 0. */
export function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(1, Math.max(0, part / whole));
}

/** How the coordinator stands to the chain at `now` (ms): reading it, behind, or waiting for one that makes no blocks. */
export function followerState(follower: NetworkView["follower"], now: number): "following" | "behind" | "still" {
  if (follower.lagBlocks > 5) return "behind";
  if (follower.headAt !== null && now - Date.parse(follower.headAt) > STILL_SECONDS * 1_000) return "still";
  return "following";
}

/** Bars of a price distribution: each bucket with its share of the fullest one, for drawing. */
export function bars(
  buckets: NetworkView["prices"][number]["buckets"],
): readonly { readonly from: string; readonly to: string | null; readonly offers: number; readonly height: number }[] {
  const most = Math.max(1, ...buckets.map((each) => each.offers));
  return buckets.map((each) => ({ ...each, height: each.offers / most }));
}
