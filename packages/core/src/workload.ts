import type { Transitions } from "./transitions.ts";

/**
 * A workload, from its submission to its end. `pending`: placed, waits for the client's signed order. `ordered`: the
 * lease is being opened. `leased`: it is open on chain, the agent is being told. `starting`: the agent fetches inputs
 * and prepares the sandbox. `finishing`: the process has ended; outputs are stored and the lease is being settled.
 * A lease that could not be opened (its unit went to another) leads back to `pending` with a new placement.
 */
export type WorkloadState =
  | "pending"
  | "ordered"
  | "leased"
  | "starting"
  | "running"
  | "frozen"
  | "finishing"
  | "succeeded"
  | "failed"
  | "cancelled";

export const WORKLOAD: Transitions<WorkloadState> = {
  pending: ["ordered", "cancelled", "failed"],
  ordered: ["leased", "pending", "cancelled", "failed"],
  leased: ["starting", "finishing", "ordered"],
  starting: ["running", "finishing"],
  running: ["frozen", "finishing"],
  frozen: ["running", "finishing"],
  finishing: ["succeeded", "failed", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
};

/** Why a workload ended. `exited` with code 0 is the only success. */
export type EndReason =
  | "exited"
  | "signalled"
  | "out-of-memory"
  | "deadline"
  | "disk-full"
  | "stopped-by-client"
  | "payment-stopped"
  | "order-expired"
  | "input-unavailable"
  | "refused-by-agent"
  | "sandbox-error"
  | "machine-lost";

/** What the agent tells about an attempt while it serves it. */
export type AttemptState = "assigned" | "preparing" | "running" | "frozen" | "collecting" | "ended";

export const ATTEMPT: Transitions<AttemptState> = {
  assigned: ["preparing", "ended"],
  preparing: ["running", "ended"],
  running: ["frozen", "collecting", "ended"],
  frozen: ["running", "collecting", "ended"],
  collecting: ["ended"],
  ended: [],
};
