import { z } from "zod";
import { id } from "../primitives.ts";
import { attemptUsage, workloadEvent } from "../resources.ts";
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
