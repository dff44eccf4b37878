import { z } from "zod";
import { address, amount, bytes32, hex, id, seconds } from "./primitives.ts";
import { PROBLEMS, type ProblemCode } from "./problems.ts";
import { jobSpec, outputFile, signedOffer, termsMessage, unitSpec, usageReport } from "./spec.ts";

/**
 * The wire between an agent and its coordinator: JSON text over one WebSocket at /v1/agent that the agent dials.
 * Every message is `{v: 1, id, type, body}`. `id` is unique per sender and connection. Messages marked (ack) are kept by
 * their sender, sent again after a reconnect, and answered by `ack {of: id}`; receivers treat repeats as no change.
 * `epoch` counts the connections of a machine: what an older connection still says is ignored (fencing).
 */
const attemptId = id("att");
const epoch = z.int().min(0);
const problemCode = z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]);

/** Coordinator to agent. */
export const toAgent = z.discriminatedUnion("type", [
  /** First message of a connection: sign this nonce. */
  z.object({
    type: z.literal("challenge"),
    body: z.strictObject({ nonce: bytes32, chainId: z.int(), market: address }),
  }),
  /** Signed in. `token` is the bearer for blobs; `attempts` are those the coordinator believes to live here. */
  z.object({
    type: z.literal("welcome"),
    body: z.strictObject({ epoch, token: z.string(), heartbeatSeconds: seconds, attempts: z.array(attemptId) }),
  }),
  /**
   * (ack) Serve this workload under this lease. The agent checks the lease on chain before it starts, and that its key
   * signed `binding`: the WorkloadBinding of this very specification. `leasePublicKey`: uncompressed, for the probe key.
   */
  z.object({
    type: z.literal("assign"),
    body: z.strictObject({
      attempt: attemptId,
      workload: id("wkl"),
      spec: jobSpec,
      lease: bytes32,
      terms: termsMessage,
      openTx: hex,
      leasePublicKey: hex,
      binding: hex,
    }),
  }),
  /** Answer through the sandbox's init. `request` pairs the answer. */
  z.object({
    type: z.literal("probe"),
    body: z.strictObject({ request: z.string().max(64), lease: bytes32, nonce: bytes32 }),
  }),
  /** The next payment note; `over`: the lease key's LeaseOver with the same total when no further note will come. */
  z.object({
    type: z.literal("note"),
    body: z.strictObject({ lease: bytes32, total: amount, signature: hex, over: hex.nullable() }),
  }),
  /** (ack) End the attempt. */
  z.object({
    type: z.literal("stop"),
    body: z.strictObject({ attempt: attemptId, reason: z.enum(["stopped-by-client", "machine-lost"]) }),
  }),
  /** Log bytes up to `offset` are stored; the agent may forget them and send more. */
  z.object({ type: z.literal("log-ack"), body: z.strictObject({ attempt: attemptId, offset: z.int().min(0) }) }),
  /** The lease is closed on chain and final: the agent may forget the attempt. */
  z.object({ type: z.literal("closed"), body: z.strictObject({ attempt: attemptId, lease: bytes32, paid: amount }) }),
  /**
   * (ack) A lease of this machine was opened with an order whose workload runs elsewhere or nowhere: the agent, which
   * serves nothing under it, agrees to close it, so that its client gets everything back.
   */
  z.object({ type: z.literal("release"), body: z.strictObject({ lease: bytes32, terms: termsMessage }) }),
  z.object({ type: z.literal("ack"), body: z.strictObject({ of: z.string().max(64) }) }),
  /** The sender could not accept message `of`. */
  z.object({
    type: z.literal("problem"),
    body: z.strictObject({ of: z.string().max(64).nullable(), code: problemCode, detail: z.string().max(2000) }),
  }),
]);
export type ToAgent = z.infer<typeof toAgent>;

/** Agent to coordinator. */
export const fromAgent = z.discriminatedUnion("type", [
  /** Answer to the challenge: AgentHello signed by the provider's key. `publicKey`: uncompressed secp256k1 key of that account, for the probe key agreement. */
  z.object({
    type: z.literal("hello"),
    body: z.strictObject({
      provider: address,
      /** `machineId(provider, salt)`. */
      machine: bytes32,
      salt: bytes32,
      signature: hex,
      publicKey: hex,
      agentVersion: z.string().max(40),
    }),
  }),
  /** (ack) All units and offers of this machine; replaces what was said before. */
  z.object({
    type: z.literal("offers"),
    body: z.strictObject({
      units: z.array(unitSpec).max(256),
      offers: z.array(signedOffer).max(1024),
      /** abi.encode(bytes[]): calls of UnitRegistry that the provider signed; the coordinator relays them in order. */
      registration: hex.optional(),
    }),
  }),
  z.object({
    type: z.literal("heartbeat"),
    body: z.strictObject({
      attempts: z
        .array(
          z.strictObject({
            attempt: attemptId,
            state: z.enum(["assigned", "preparing", "running", "frozen", "collecting", "ended"]),
          }),
        )
        .max(1024),
    }),
  }),
  /** (ack) The attempt moved. `at` is the agent's wall clock, for the timeline only. */
  z.object({
    type: z.literal("attempt"),
    body: z.strictObject({
      attempt: attemptId,
      state: z.enum(["preparing", "running", "frozen", "collecting"]),
      at: z.int(),
      note: z.string().max(500).nullable(),
    }),
  }),
  /** The log's bytes [offset, offset + data), base64; at most 256 KiB unacknowledged per attempt. */
  z.object({
    type: z.literal("log"),
    body: z.strictObject({
      attempt: attemptId,
      stream: z.enum(["stdout", "stderr"]),
      offset: z.int().min(0),
      data: z.base64().max(131_072),
    }),
  }),
  /** What a running workload uses now. `cpuMs`: all processor time since it started. Nobody waits for it. */
  z.object({
    type: z.literal("sample"),
    body: z.strictObject({
      attempt: attemptId,
      cpuMs: z.int().min(0),
      memoryBytes: z.int().min(0),
      diskBytes: z.int().min(0).nullable(),
      processes: z.int().min(0),
    }),
  }),
  z.object({
    type: z.literal("probe-answer"),
    body: z.strictObject({ request: z.string().max(64), answer: bytes32.nullable(), frozen: z.boolean() }),
  }),
  /** (ack) The attempt ended; its outputs are uploaded. Signed by the provider's key. */
  z.object({
    type: z.literal("ended"),
    body: z.strictObject({
      attempt: attemptId,
      report: usageReport,
      signature: hex,
      outputs: z.array(outputFile).max(10_000),
      logBytes: z.int().min(0),
      detail: z.string().max(2000).nullable(),
    }),
  }),
  /** (ack) Close the lease with this note (signature null when total equals what is already paid) and the provider's Close signature. */
  z.object({
    type: z.literal("close"),
    body: z.strictObject({ lease: bytes32, total: amount, noteSignature: hex.nullable(), closeSignature: hex }),
  }),
  z.object({ type: z.literal("ack"), body: z.strictObject({ of: z.string().max(64) }) }),
  z.object({
    type: z.literal("problem"),
    body: z.strictObject({ of: z.string().max(64).nullable(), code: problemCode, detail: z.string().max(2000) }),
  }),
]);
export type FromAgent = z.infer<typeof fromAgent>;

/** The envelope around either. */
export const envelope = z.object({ v: z.literal(1), id: z.string().min(1).max(64) });

/** Close codes of the WebSocket. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  badMessage: 4400,
  unauthenticated: 4401,
  replaced: 4409,
  slow: 4429,
  /** The process, the address or the provider has as many connections as it may; dial again later. */
  tooMany: 4503,
} as const;

/** Largest message either side accepts, bytes. */
export const MAX_MESSAGE_BYTES = 4 * 2 ** 20;
