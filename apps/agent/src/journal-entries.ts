import type { Hex } from "@corepool/core/hex";
import { fromAgent } from "@corepool/protocol/agent";
import { amount, bytes32, hex, id } from "@corepool/protocol/primitives";
import { jobSpec, type TermsMessage, termsMessage, type UnitSpec } from "@corepool/protocol/spec";
import { z } from "zod";

/** What the coordinator assigned; the agent has checked it. */
const assignment = z.object({
  attempt: id("att"),
  workload: id("wkl"),
  spec: jobSpec,
  lease: bytes32,
  terms: termsMessage,
  openTx: hex,
  leasePublicKey: hex,
  /** Checked before the record is made; records of before it was signed have none. */
  binding: hex.default("0x"),
});
export type Assignment = z.infer<typeof assignment>;

const stopReason = z.enum(["stopped-by-client", "payment-stopped", "machine-lost"]);
export type StopReason = z.infer<typeof stopReason>;

/** All that must survive a restart about one attempt. Times are wall-clock milliseconds, for reports only. */
const attemptRecord = z.object({
  assignment,
  /** Why the agent will not serve a lease that is its own; null when it will. */
  refusal: z.string().nullable(),
  /** What its unit was when the lease was taken: a later start may cut the machine otherwise. */
  unit: z.object({ devices: z.array(z.string()), holdSeconds: z.number() }),
  state: z.enum(["assigned", "preparing", "running", "frozen", "collecting", "ended"]),
  /** The workspace slot its sandbox holds. */
  slot: z.string().nullable(),
  startedAtMs: z.number().nullable(),
  frozenMs: z.number(),
  frozenAtMs: z.number().nullable(),
  /** What had been served when it was last frozen, milliseconds. Records of before it was kept have none. */
  servedMs: z.number().optional(),
  /** The best payment note. */
  note: z.object({ total: amount, signature: hex }).nullable(),
  /** The client said that this was the last note. */
  lastNote: z.boolean(),
  stop: stopReason.nullable(),
  /** How far the coordinator has stored the log: bytes on the wire, position in the sandbox's log. */
  log: z.object({ offset: z.number(), position: z.number() }),
  /** The close was sent; nothing is left to do but to wait for the chain. */
  closeSent: z.boolean(),
});
export type AttemptRecord = z.infer<typeof attemptRecord>;

export const newRecord = (work: Assignment, refusal: string | null, unit: UnitSpec): AttemptRecord => ({
  assignment: work,
  refusal,
  unit: { devices: unit.devices, holdSeconds: unit.holdSeconds },
  state: "assigned",
  slot: null,
  startedAtMs: null,
  frozenMs: 0,
  frozenAtMs: null,
  note: null,
  lastNote: false,
  stop: null,
  log: { offset: 0, position: 0 },
  closeSent: false,
});

/** A lease that was released, until no re-org can bring it back. */
export interface ReleasedLease {
  readonly lease: Hex;
  readonly terms: TermsMessage;
  readonly at: number;
}

/** One line of the journal. `of` is the attempt's id. */
export const entry = z.discriminatedUnion("t", [
  z.object({ t: z.literal("attempt"), record: attemptRecord }),
  z.object({
    t: z.literal("change"),
    of: z.string(),
    change: attemptRecord.partial(),
    /** A message that tells of the change: in the same line, so that no crash keeps one without the other. */
    out: z.object({ id: z.string(), message: fromAgent }).optional(),
  }),
  z.object({ t: z.literal("forget"), of: z.string() }),
  /** The provider agrees to close a lease under which nothing was served: `out` says so, and nothing ever will be. */
  z.object({
    t: z.literal("released"),
    lease: bytes32,
    terms: termsMessage,
    /** By the chain's time, seconds since the epoch. */
    at: z.number(),
    out: z.object({ id: z.string(), message: fromAgent }).optional(),
  }),
  z.object({ t: z.literal("unreleased"), lease: bytes32 }),
  z.object({ t: z.literal("out"), id: z.string(), message: fromAgent }),
  z.object({ t: z.literal("acked"), id: z.string() }),
]);
export type Entry = z.infer<typeof entry>;
