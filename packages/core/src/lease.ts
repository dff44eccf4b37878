import type { Transitions } from "./transitions.ts";

/**
 * A lease as the coordinator follows it. `ordered`: offer and order are matched. `opening`: the transaction is on its
 * way. `open`: the chain holds its escrow. `closing`: the last note is on its way, or a close was requested.
 * A re-org may take an open lease back to `opening` and a closed one back to `closing`: the transaction is sent again.
 */
export type LeaseState = "ordered" | "opening" | "open" | "closing" | "closed" | "failed";

export const LEASE: Transitions<LeaseState> = {
  ordered: ["opening", "failed"],
  opening: ["open", "failed"],
  open: ["closing", "closed", "opening"],
  closing: ["closed", "open", "opening"],
  closed: ["closing", "open"],
  failed: [],
};
