import { z } from "zod";
import { address, amount, bytes32, change, hex, id, seconds, timestamp } from "./primitives.ts";
import {
  constraints,
  jobSpec,
  offerMessage,
  outputFile,
  signedOffer,
  termsMessage,
  unitSpec,
  usageReport,
} from "./spec.ts";

/** What the API shows. Times are RFC 3339 UTC, money base units as decimal strings beside the token's address. */

export const token = z.object({ address, symbol: z.string(), decimals: z.int(), feeBps: z.int(), burnBps: z.int() });

/** What a local market's faucet gives at once; `token` null: the chain's own coin, for gas. */
const faucetGive = z.object({ token: address.nullable(), symbol: z.string(), decimals: z.int(), amount });

export const faucet = z.object({ gives: z.array(faucetGive), perAddressPerDay: z.int(), perDay: z.int() });
export type FaucetView = z.infer<typeof faucet>;

export const faucetGrant = z.object({
  id: id("fct"),
  address,
  state: z.enum(["queued", "given", "failed"]),
  detail: z.string().nullable(),
  gives: z.array(faucetGive),
  /** In the order of `gives`, once it is given. */
  transactions: z.array(hex),
  createdAt: timestamp,
});
export type FaucetGrant = z.infer<typeof faucetGrant>;

/** Everything a client needs to check and sign for itself. */
export const market = z.object({
  chainId: z.int(),
  rpcUrl: z.string().nullable(),
  contracts: z.object({ leaseMarket: address, unitRegistry: address, accessManager: address, gp: address }),
  tokens: z.array(token),
  closeWindowSeconds: seconds,
  /** Machines with one of these weaknesses, by mark or identifier, are not taken; `*`: with any. */
  refusedWeaknesses: z.array(z.string()),
  relayer: address,
  head: z.object({ number: z.string(), lagBlocks: z.int() }),
  /** Where test funds come from; null on every market but a local one. */
  faucet: faucet.nullable(),
  version: z.string(),
});
export type Market = z.infer<typeof market>;

/** Why a unit cannot take a workload: the dimension, what was asked, what is there. */
export const refusal = z.object({
  machine: bytes32,
  unit: z.int(),
  provider: address,
  dimension: z.enum([
    "cpus",
    "memory",
    "disk",
    "gpu-count",
    "gpu-model",
    "gpu-memory",
    "price",
    "token",
    "duration",
    "isolation",
    "software",
    "provider",
    "busy",
    "offline",
    "offer-expired",
    "funds",
  ]),
  asked: z.string(),
  had: z.string(),
  /** What else it lacks. */
  also: z.array(z.object({ dimension: z.string(), asked: z.string(), had: z.string() })),
});
export type Refusal = z.infer<typeof refusal>;

/** The cheapest single change to a request that would let some machine take it. */
export const relaxation = z.object({
  dimension: refusal.shape.dimension,
  /** For people. */
  change: z.string(),
  /** How many units it admits. */
  offers: z.int(),
  /**
   * The same for programs: what to put where in the request's `{spec, constraints}` (RFC 6901); `value` null takes the
   * field out. Null where only waiting helps.
   */
  edits: z.array(z.object({ pointer: z.string(), value: z.json() })).nullable(),
});
export type RelaxationView = z.infer<typeof relaxation>;

export const candidate = z.object({
  offerId: id("ofr"),
  provider: address,
  machine: bytes32,
  unit: z.int(),
  rate: amount,
  escrow: amount,
  spec: unitSpec,
});

export const placement = z.object({
  considered: z.int(),
  candidates: z.array(candidate),
  refusals: z.array(refusal),
  relaxations: z.array(relaxation),
});
export type PlacementView = z.infer<typeof placement>;

export const offer = z.object({
  id: id("ofr"),
  machine: bytes32,
  online: z.boolean(),
  busy: z.boolean(),
  signed: signedOffer,
});
export type OfferView = z.infer<typeof offer>;

export const machine = z.object({
  id: bytes32,
  provider: address,
  online: z.boolean(),
  lastSeenAt: timestamp.nullable(),
  registeredAt: timestamp,
  agentVersion: z.string(),
  units: z.array(unitSpec),
});
export type MachineView = z.infer<typeof machine>;

export const lease = z.object({
  id: bytes32,
  workload: id("wkl"),
  state: z.enum(["ordered", "opening", "open", "closing", "closed", "failed"]),
  terms: termsMessage.nullable(),
  intervalSeconds: seconds,
  holdSeconds: seconds,
  /** Highest note so far. */
  noteTotal: amount,
  paid: amount,
  refund: amount.nullable(),
  fee: amount,
  openTx: hex.nullable(),
  closeTx: hex.nullable(),
  /** Whether the newest step is irreversible on chain. */
  final: z.boolean(),
});
export type LeaseView = z.infer<typeof lease>;

export const attempt = z.object({
  id: id("att"),
  number: z.int(),
  lease: bytes32,
  machine: bytes32,
  provider: address,
  state: z.enum(["assigned", "preparing", "running", "frozen", "collecting", "ended"]),
  isolation: unitSpec.shape.isolation,
  timeline: z.array(z.object({ state: z.string(), at: timestamp, note: z.string().nullable() })),
  exitCode: z.int().nullable(),
  reason: z.string().nullable(),
  usage: usageReport.nullable(),
  usageSignature: hex.nullable(),
});
export type AttemptView = z.infer<typeof attempt>;

export const workload = z.object({
  id: id("wkl"),
  account: address,
  state: z.enum([
    "pending",
    "ordered",
    "leased",
    "starting",
    "running",
    "frozen",
    "finishing",
    "succeeded",
    "failed",
    "cancelled",
  ]),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  spec: jobSpec,
  constraints,
  /** The offer that placement chose and the client has to accept (while pending), and its alternatives' refusals. */
  placed: z
    .object({
      offerId: id("ofr"),
      offer: offerMessage,
      signed: signedOffer,
      escrow: amount,
      leaseSeq: z.int(),
      providerPublicKey: hex,
      refusals: z.array(refusal),
    })
    .nullable(),
  lease: lease.nullable(),
  attempts: z.array(attempt),
  outputs: z.array(outputFile),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
});
export type WorkloadView = z.infer<typeof workload>;

export const workloadEvent = z.object({
  id: z.string(),
  type: z.string(),
  workload: id("wkl"),
  at: timestamp,
  state: z.string().nullable(),
  note: z.string().nullable(),
});
export type WorkloadEvent = z.infer<typeof workloadEvent>;

/**
 * What happened to an account: `workload.STATE` and `attempt.ended` of its workloads, `machine.online` and
 * `machine.offline` of its machines, `ledger.KIND` of its entries in the ledger.
 */
export const accountEvent = z.object({
  id: z.string(),
  type: z.string(),
  at: timestamp,
  workload: id("wkl").nullable(),
  lease: bytes32.nullable(),
  machine: bytes32.nullable(),
  state: z.string().nullable(),
  note: z.string().nullable(),
});
export type AccountEvent = z.infer<typeof accountEvent>;

/** A log record: bytes as base64; `offset` counts bytes of the whole log, so a reader resumes at offset + bytes read. */
export const logRecord = z.object({
  attempt: id("att"),
  stream: z.enum(["stdout", "stderr"]),
  offset: z.int(),
  data: z.base64(),
});
export type LogRecord = z.infer<typeof logRecord>;

/**
 * A line of a log that a search found. `offset`: of the first byte of `text` in the whole log. `number`: lines count from
 * 1 by their first bytes, stdout and stderr together; a line of more than 16 KiB is searched in parts, which share its
 * number. `text`: what a terminal shows of it.
 */
export const foundLine = z.object({
  stream: z.enum(["stdout", "stderr"]),
  offset: z.int(),
  number: z.int(),
  text: z.string(),
});
export type FoundLogLine = z.infer<typeof foundLine>;

/** What an attempt used: per stretch of time the processors in use on average, and the most of everything else. */
export const attemptUsage = z.object({
  attempt: id("att"),
  number: z.int(),
  over: z.boolean(),
  limits: z.object({ cpus: z.number(), memoryBytes: z.int(), diskBytes: z.int() }),
  points: z.array(
    z.object({
      at: timestamp,
      cpus: z.number(),
      memoryBytes: z.int(),
      diskBytes: z.int().nullable(),
      processes: z.int(),
    }),
  ),
});

/** The bill of a workload, checkable against the chain by its transactions. */
export const receipt = z.object({
  workload: id("wkl"),
  lease: bytes32,
  chainId: z.int(),
  market: address,
  token,
  terms: termsMessage,
  billedMs: z.int(),
  total: amount,
  provider: z.object({ account: address, paid: amount }),
  fee: amount,
  burn: amount,
  refund: amount,
  noteTotal: amount,
  noteSignature: hex.nullable(),
  usage: usageReport.nullable(),
  usageSignature: hex.nullable(),
  openTx: hex,
  closeTx: hex.nullable(),
  burnTx: hex.nullable(),
  final: z.boolean(),
});
export type Receipt = z.infer<typeof receipt>;

export const account = z.object({
  address,
  balances: z.array(
    z.object({ token: address, symbol: z.string(), decimals: z.int(), cash: amount, escrowed: amount, wallet: amount }),
  ),
  counter: z.int(),
  /** A nonce for the next order that the market has not seen from this account. */
  nextNonce: z.int(),
});
export type AccountView = z.infer<typeof account>;

export const apiKey = z.object({
  id: id("key"),
  name: z.string(),
  scopes: z.array(z.string()),
  spendCap: amount.nullable(),
  spent: amount,
  createdAt: timestamp,
  expiresAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
});

/**
 * What one event of the market's contract moved for an account: changes of its cash and of its escrow. An account's
 * entries add up to both. `fee` is the part of a payment that the market keeps; `earning` is a provider's.
 */
export const ledgerEntry = z.object({
  id: id("led"),
  kind: z.enum(["deposit", "withdrawal", "escrow", "payment", "fee", "refund", "earning", "credit", "funded"]),
  token: address,
  cash: change,
  escrow: change,
  lease: bytes32.nullable(),
  /** The account's own workload that the lease was for. */
  workload: id("wkl").nullable(),
  transaction: hex,
  block: z.string(),
  /** Of the block. */
  at: timestamp,
  final: z.boolean(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

export const spend = z.object({
  /** Null: the ledger is whole; else entries from before are not in it. */
  completeSince: timestamp.nullable(),
  tokens: z.array(
    z.object({
      token: address,
      /** UTC days, oldest first, the last one is today. `spent` includes `fee`. */
      days: z.array(z.object({ day: z.iso.date(), spent: amount, fee: amount, earned: amount })),
      /** Base units per second that open leases cost now. */
      rate: amount,
      forecast: z.object({ averageDay: amount, nextThirtyDays: amount, runsOutSeconds: z.int().nullable() }),
    }),
  ),
});
export type SpendView = z.infer<typeof spend>;

/** How prices (base units per second) are spread; the last bucket may be open at its top. */
export const prices = z.object({
  data: z.array(
    z.object({
      token: address,
      offers: z.int(),
      lowest: amount,
      median: amount,
      highest: amount,
      buckets: z.array(z.object({ from: amount, to: amount.nullable(), offers: z.int() })),
    }),
  ),
});
export type PricesView = z.infer<typeof prices>;

const capacity = z.object({ cpus: z.int(), memoryBytes: z.int(), gpus: z.int() });

export const network = z.object({
  at: timestamp,
  machines: z.object({ total: z.int(), online: z.int(), providers: z.int() }),
  /** Of machines that are online: all they have, and what of it is leased. */
  supply: capacity,
  leased: capacity,
  gpuModels: z.array(z.object({ model: z.string(), count: z.int() })),
  offers: z.object({ open: z.int(), free: z.int() }),
  demand: z.object({ pending: z.int(), live: z.int(), endedLastDay: z.int() }),
  prices: prices.shape.data,
  /** What leases paid to providers, and the fees on it, in windows that end now. */
  settled: z.array(
    z.object({
      token: address,
      paidLastDay: amount,
      feesLastDay: amount,
      paidLast30Days: amount,
      feesLast30Days: amount,
    }),
  ),
  follower: z.object({
    block: z.string(),
    head: z.string(),
    finalized: z.string(),
    lagBlocks: z.int(),
    /** Of the newest block that was seen. */
    headAt: timestamp.nullable(),
  }),
});
export type NetworkView = z.infer<typeof network>;

/** A machine as its provider sees it. */
export const ownMachine = machine.extend({
  /** Takes no new workloads; what runs goes on. */
  draining: z.boolean(),
  offers: z.array(z.object({ id: id("ofr"), unit: z.int(), token: address, rate: amount, expiry: timestamp })),
  leases: z.array(
    z.object({
      id: bytes32,
      unit: z.int(),
      state: lease.shape.state,
      token: address,
      rate: amount,
      noteTotal: amount,
      createdAt: timestamp,
    }),
  ),
  /** What its leases earned on chain, by UTC day, newest first; days without are left out. */
  earnings: z.array(z.object({ day: z.iso.date(), token: address, earned: amount })),
});
export type OwnMachine = z.infer<typeof ownMachine>;
