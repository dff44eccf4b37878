import { z } from "zod";
import { amount, bytes32, hex, id, page, pageQuery } from "../primitives.ts";
import { lease, placement, receipt, workload } from "../resources.ts";
import { defineRoute } from "../route.ts";
import { constraints, jobSpec, mandateMessage, orderMessage, outputFile } from "../spec.ts";

const byId = z.strictObject({ id: id("wkl") });
const byLease = z.strictObject({ id: bytes32 });

export const submitWorkload = defineRoute({
  method: "POST",
  path: "/v1/workloads",
  operationId: "submitWorkload",
  summary: "Submit a workload and have it placed",
  scopes: ["workloads:write"],
  rate: "write",
  idempotent: true,
  body: z.strictObject({
    spec: jobSpec,
    constraints,
    /** The coordinator accepts the placement itself, signs the order and keeps the watch, within this mandate. */
    mandate: id("mdt").optional(),
  }),
  response: workload,
  status: 201,
  problems: [
    "bad-request",
    "no-placement",
    "blob-not-found",
    "not-found",
    "mandate-exceeded",
    "spend-cap-reached",
    "insufficient-funds",
  ],
});

export const explainPlacement = defineRoute({
  method: "POST",
  path: "/v1/placements",
  operationId: "explainPlacement",
  summary: "Say who could run a workload, who could not, and why",
  scopes: "public",
  rate: "match",
  idempotent: false,
  body: z.strictObject({ spec: jobSpec, constraints }),
  response: placement,
  status: 200,
  problems: ["bad-request"],
});

export const listWorkloads = defineRoute({
  method: "GET",
  path: "/v1/workloads",
  operationId: "listWorkloads",
  summary: "List your workloads, newest first",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  query: pageQuery.extend({ state: workload.shape.state.optional() }),
  response: page(workload),
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const getWorkload = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}",
  operationId: "getWorkload",
  summary: "Get a workload with its attempts, lease and outputs",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  response: workload,
  status: 200,
  problems: ["not-found"],
});

/** The client's acceptance of the placed offer. The signature is the client's own, or a mandated operator's. */
export const acceptPlacement = defineRoute({
  method: "POST",
  path: "/v1/workloads/{id}/order",
  operationId: "acceptPlacement",
  summary: "Accept the placed offer with a signed order; its lease is then opened",
  scopes: ["workloads:write"],
  rate: "write",
  idempotent: true,
  params: byId,
  body: z.strictObject({
    order: orderMessage,
    signature: hex,
    /** Uncompressed public key of order.key, for the probe key agreement. */
    leasePublicKey: hex,
    /** WorkloadBinding by order.key over the workload's specification: the agent serves nothing else under the lease. */
    binding: hex,
    unitProof: z.array(bytes32).max(32).default([]),
    mandate: z
      .strictObject({ mandate: mandateMessage, signature: hex, proof: z.array(bytes32).max(32).default([]) })
      .optional(),
  }),
  response: workload,
  status: 202,
  problems: [
    "not-found",
    "illegal-transition",
    "bad-signature",
    "order-mismatch",
    "order-expired",
    "order-replayed",
    "offer-gone",
    "insufficient-funds",
    "mandate-exceeded",
    "spend-cap-reached",
    "chain-unavailable",
  ],
});

/** A pending workload whose offer is gone or whose lease could not be opened is placed anew. */
export const replaceWorkload = defineRoute({
  method: "POST",
  path: "/v1/workloads/{id}/placement",
  operationId: "replaceWorkload",
  summary: "Place a pending workload again",
  scopes: ["workloads:write"],
  rate: "write",
  idempotent: true,
  params: byId,
  response: workload,
  status: 200,
  problems: ["not-found", "illegal-transition", "no-placement"],
});

export const cancelWorkload = defineRoute({
  method: "POST",
  path: "/v1/workloads/{id}/cancel",
  operationId: "cancelWorkload",
  summary: "Stop a workload; what was served is paid, the rest refunded",
  scopes: ["workloads:write"],
  rate: "write",
  idempotent: true,
  params: byId,
  response: workload,
  status: 202,
  problems: ["not-found", "illegal-transition"],
});

/**
 * Server-sent events; `id` is the outbox sequence, `event` the type, `data` a WorkloadEvent. Resumes by Last-Event-ID;
 * when events after it are gone, `event: reset` comes first: read the workloads anew, what follows is new.
 */
export const streamEvents = defineRoute({
  method: "GET",
  path: "/v1/events",
  operationId: "streamEvents",
  summary: "Follow what happens to your workloads",
  scopes: ["workloads:read"],
  rate: "stream",
  idempotent: false,
  query: z.strictObject({ workload: id("wkl").optional() }),
  response: "text/event-stream",
  status: 200,
  problems: ["not-found", "bad-cursor"],
});

/** Server-sent events; `id` is the byte offset after the record, `data` a LogRecord; `event: end` closes a finished log. */
export const streamLogs = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/logs",
  operationId: "streamLogs",
  summary: "Read a workload's log, and follow it",
  scopes: ["workloads:read"],
  rate: "stream",
  idempotent: false,
  params: byId,
  query: z.strictObject({
    offset: z.coerce.number().int().min(0).default(0),
    follow: z.enum(["true", "false"]).default("false"),
  }),
  response: "text/event-stream",
  status: 200,
  problems: ["not-found"],
});

export const listOutputs = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/outputs",
  operationId: "listOutputs",
  summary: "List the files a workload left, with their hashes",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  response: z.object({ data: z.array(outputFile) }),
  status: 200,
  problems: ["not-found"],
});

export const getReceipt = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/receipt",
  operationId: "getReceipt",
  summary: "Get the bill of a workload",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  response: receipt,
  status: 200,
  problems: ["not-found", "not-ready"],
});

export const getLease = defineRoute({
  method: "GET",
  path: "/v1/leases/{id}",
  operationId: "getLease",
  summary: "Get a lease",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byLease,
  response: lease,
  status: 200,
  problems: ["not-found"],
});

/** The answer is HMAC-SHA256 by the sandbox's own init under a key that only the watch and the agent can derive. */
export const probeLease = defineRoute({
  method: "POST",
  path: "/v1/leases/{id}/probes",
  operationId: "probeLease",
  summary: "Send a nonce through the lease's sandbox and back",
  scopes: ["leases:write"],
  rate: "stream",
  idempotent: false,
  params: byLease,
  body: z.strictObject({ nonce: bytes32 }),
  response: z.object({ answer: bytes32, frozen: z.boolean() }),
  status: 200,
  problems: ["not-found", "lease-not-open", "machine-unreachable"],
});

export const payLease = defineRoute({
  method: "POST",
  path: "/v1/leases/{id}/notes",
  operationId: "payLease",
  summary: "Hand over the next payment note",
  scopes: ["leases:write"],
  rate: "stream",
  idempotent: false,
  params: byLease,
  body: z.strictObject({
    total: amount,
    signature: hex,
    /** LeaseOver by the lease key with the same total: no further note will come. */
    over: hex.optional(),
  }),
  response: z.object({ total: amount }),
  status: 200,
  problems: ["not-found", "lease-not-open", "bad-signature", "note-too-small", "note-too-large"],
});
