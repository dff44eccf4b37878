import { z } from "zod";
import { id, page, pageQuery } from "../primitives.ts";
import { attemptUsage, foundLine, workloadEvent } from "../resources.ts";
import { defineRoute } from "../route.ts";

const byId = z.strictObject({ id: id("wkl") });

export const workloadMetrics = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/metrics",
  operationId: "workloadMetrics",
  summary: "What a workload used, attempt by attempt; kept for a month after its end",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  query: z.strictObject({ points: z.coerce.number().int().min(2).max(1_000).default(240) }),
  response: z.object({ data: z.array(attemptUsage) }),
  status: 200,
  problems: ["not-found"],
});

export const listWorkloadEvents = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/events",
  operationId: "listWorkloadEvents",
  summary: "List what happened to a workload, oldest first; kept for a month",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  response: z.object({ data: z.array(workloadEvent) }),
  status: 200,
  problems: ["not-found"],
});

/** The bytes as the workload wrote them, stdout and stderr in one sequence unless one is asked for. */
export const downloadLog = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/log",
  operationId: "downloadLog",
  summary: "Download the log of an attempt (the newest by default) as a file",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  query: z.strictObject({
    attempt: z.coerce.number().int().min(1).max(1_000_000).optional(),
    stream: z.enum(["stdout", "stderr"]).optional(),
  }),
  response: "application/octet-stream",
  status: 200,
  problems: ["not-found"],
});

/**
 * One call looks at a bounded stretch of the log, so that a page may hold few lines or none while `hasMore` says that the
 * search goes on: by `nextCursor`, with the same text, stream and case. `searchedBytes` of `logBytes` were looked at so
 * far. `text` is found as it stands: it is no pattern.
 */
export const searchLog = defineRoute({
  method: "GET",
  path: "/v1/workloads/{id}/log/search",
  operationId: "searchLog",
  summary: "Find the lines of an attempt's log (the newest by default) that hold a text",
  scopes: ["workloads:read"],
  rate: "read",
  idempotent: false,
  params: byId,
  query: pageQuery.extend({
    text: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\r\n]*$/, "a text within one line"),
    ignoreCase: z.enum(["true", "false"]).default("false"),
    stream: z.enum(["stdout", "stderr"]).optional(),
    attempt: z.coerce.number().int().min(1).max(1_000_000).optional(),
  }),
  response: page(foundLine).extend({
    /** Null before the first attempt. */
    attempt: id("att").nullable(),
    searchedBytes: z.int(),
    logBytes: z.int(),
  }),
  status: 200,
  problems: ["bad-request", "not-found", "bad-cursor"],
});
