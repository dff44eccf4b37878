import { z } from "zod";
import {
  address,
  amount,
  blobHash,
  bytes,
  bytes32,
  chainTime,
  hex,
  seconds,
  uint,
  workspacePath,
} from "./primitives.ts";

/** What a job needs and does. Unknown fields are refused. */
export const jobSpec = z
  .strictObject({
    kind: z.literal("job"),
    name: z.string().min(1).max(120).optional(),
    command: z.array(z.string().max(32_768)).min(1).max(256),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "a variable name"), z.string().max(32_768))
      .default({}),
    resources: z.strictObject({
      cpus: z.int().min(1).max(4096).default(1),
      memoryBytes: z
        .int()
        .min(16 * 2 ** 20)
        .max(2 ** 46)
        .default(512 * 2 ** 20),
      diskBytes: z
        .int()
        .min(2 ** 20)
        .max(2 ** 50)
        .default(256 * 2 ** 20),
      gpus: z
        .strictObject({
          count: z.int().min(0).max(1024),
          model: z.string().min(1).max(80).optional(),
          memoryBytes: bytes.optional(),
        })
        .default({ count: 0 }),
    }),
    /** Files that appear read-only at `path` under the working directory /work. */
    inputs: z
      .array(
        z.strictObject({
          path: workspacePath,
          hash: blobHash,
          sizeBytes: bytes,
          executable: z.boolean().default(false),
        }),
      )
      .max(1000)
      .default([]),
    /** Longest run; the lease is opened for this long and what is not used is refunded. */
    durationSeconds: z
      .int()
      .min(1)
      .max(30 * 86_400)
      .default(3600),
    /** Refuse machines without these: names from a unit's `software` list. */
    needs: z.array(z.string().min(1).max(80)).max(32).default([]),
  })
  .refine((spec) => new Set(spec.inputs.map((i) => i.path)).size === spec.inputs.length, {
    message: "two inputs have the same path",
    path: ["inputs"],
  });
export type JobSpec = z.infer<typeof jobSpec>;
/** A job as a client writes it, before defaults. */
export type JobSpecInput = z.input<typeof jobSpec>;

/** What the client accepts to pay and where. */
export const constraints = z.strictObject({
  token: address,
  /** Highest rate in base units per second. */
  maxRate: amount.optional(),
  maxEscrow: amount.optional(),
  providers: z.array(address).max(64).optional(),
  /** Least isolation: refuse machines without cgroup limits. */
  requireCgroup: z.boolean().default(false),
  /** Refuse machines with these weaknesses, by mark or identifier (`CVE-2026-87766`); `*`: with any. */
  avoidWeaknesses: z.array(z.string().min(1).max(120)).max(64).optional(),
});
export type Constraints = z.infer<typeof constraints>;

/** How a machine isolates what it runs. Part of the unit's specification, so the offer's hash covers it. */
export const isolation = z.strictObject({
  runtime: z.literal("bubblewrap"),
  runtimeVersion: z.string().max(40),
  /** `dedicated`: the agent's own system user; `operator`: the ordinary user who started the agent. */
  user: z.enum(["dedicated", "operator"]),
  limits: z.enum(["cgroup-v1", "cgroup-v2", "rlimit"]),
  workspace: z.enum(["ext4-loop", "watched"]),
  seccomp: z.boolean(),
  network: z.literal("none"),
  /** Known weaknesses of this machine, e.g. `bubblewrap<0.12.0:CVE-2026-87766`. */
  weaknesses: z.array(z.string().max(120)).max(32),
});
export type Isolation = z.infer<typeof isolation>;

/** What a unit is. Its canonical JSON is hashed into the offer's `spec`. */
export const unitSpec = z.strictObject({
  version: z.literal(1),
  machine: z.string().regex(/^0x[0-9a-f]{64}$/),
  unit: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  resources: z.strictObject({
    cpus: z.int().min(1).max(4096),
    memoryBytes: bytes,
    diskBytes: bytes,
    gpus: z.array(z.strictObject({ id: z.string().max(80), model: z.string().max(80), memoryBytes: bytes })).max(64),
  }),
  /** Device shares the unit covers ("cpu:0", "gpu:GPU-…"): two units with one in common overlap and are never leased at once. */
  devices: z.array(z.string().max(120)).min(1).max(4096),
  isolation,
  platform: z.strictObject({
    os: z.string().max(40),
    arch: z.string().max(40),
    kernel: z.string().max(120),
    cpuModel: z.string().max(120),
  }),
  software: z.array(z.string().max(80)).max(128),
  /** Seconds between payment notes, and how long a frozen workload is held before it is ended. */
  intervalSeconds: z.int().min(1).max(3600),
  holdSeconds: seconds,
  pool: z.literal("open"),
});
export type UnitSpec = z.infer<typeof unitSpec>;

/** EIP-712 messages as JSON: whole numbers of more than 53 bits are decimal strings. */
export const offerMessage = z.strictObject({
  provider: address,
  payTo: address,
  token: address,
  unit: uint(64),
  spec: bytes32,
  rate: uint(96),
  minSeconds: seconds,
  maxSeconds: seconds,
  grace: seconds,
  notBefore: chainTime,
  expiry: chainTime,
  counter: seconds,
  client: address,
});
export type OfferMessage = z.infer<typeof offerMessage>;

export const orderMessage = z.strictObject({
  client: address,
  token: address,
  maxRate: uint(96),
  bid: uint(96),
  maxEscrow: uint(128),
  duration: seconds,
  key: address,
  units: bytes32,
  expiry: chainTime,
  nonce: seconds,
  counter: seconds,
  gang: uint(64),
  funder: address,
  fundingRef: bytes32,
});
export type OrderMessage = z.infer<typeof orderMessage>;

export const mandateMessage = z.strictObject({
  client: address,
  operator: address,
  token: address,
  maxRate: uint(96),
  maxEscrow: uint(128),
  maxTotal: uint(128),
  providers: bytes32,
  expiry: chainTime,
  counter: seconds,
  salt: seconds,
});
export type MandateMessage = z.infer<typeof mandateMessage>;

export const termsMessage = z.strictObject({
  provider: address,
  unit: uint(64),
  seq: seconds,
  client: address,
  payTo: address,
  key: address,
  token: address,
  rate: uint(96),
  escrow: uint(128),
  paid: uint(128),
  start: chainTime,
  end: chainTime,
  maxEnd: chainTime,
  closeAt: chainTime,
  grace: seconds,
  feeBps: z.int().min(0),
  funder: address,
  fundingRef: bytes32,
});
export type TermsMessage = z.infer<typeof termsMessage>;

/** An offer that anyone can check and accept: the unit's specification, the terms, the provider's signature. */
export const signedOffer = z.strictObject({
  spec: unitSpec,
  offer: offerMessage,
  signature: hex,
  proof: z.array(bytes32).max(32),
});
export type SignedOffer = z.infer<typeof signedOffer>;

/** What the agent signs about a finished workload. */
export const usageReport = z.strictObject({
  lease: bytes32,
  attempt: z.string().max(64),
  startedAtMs: uint(64),
  endedAtMs: uint(64),
  frozenMs: uint(64),
  cpuMs: uint(64),
  maxRssBytes: uint(64),
  exitCode: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1),
  reason: z.string().max(40),
  outputs: bytes32,
});
export type UsageReport = z.infer<typeof usageReport>;

/** A file that a workload left under /work/outputs. */
export const outputFile = z.strictObject({ path: workspacePath, hash: blobHash, sizeBytes: bytes });
export type OutputFile = z.infer<typeof outputFile>;
