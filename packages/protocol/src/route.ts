import type { z } from "zod";
import type { ProblemCode } from "./problems.ts";

/** What a caller may do. API keys carry a subset; a wallet session carries all but `agent`. */
export const SCOPES = [
  "account:read",
  "workloads:read",
  "workloads:write",
  "leases:write",
  "blobs:read",
  "blobs:write",
  "keys:write",
  "mandates:write",
  "machines:write",
  "agent",
] as const;
export type Scope = (typeof SCOPES)[number];

/** Rate classes; limits are per key, account or address. */
export type RateClass = "read" | "write" | "match" | "stream";

/** One route of the API as a value: the server binds it, the SDK calls it, the OpenAPI writer documents it. */
export interface Route {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** OpenAPI style: /v1/workloads/{id} */
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  /** Scopes of which the caller needs one; `public` asks for nothing. */
  readonly scopes: readonly Scope[] | "public";
  readonly rate: RateClass;
  /** Whether an Idempotency-Key is required: every POST that creates or spends. */
  readonly idempotent: boolean;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Schema of a JSON answer, or the media type of another one. */
  readonly response: z.ZodType | "text/event-stream" | "application/octet-stream" | "none";
  readonly status: number;
  /** Other statuses of success. */
  readonly alsoStatus?: readonly number[];
  readonly problems: readonly ProblemCode[];
}

/** Declares a route; the type of the value keeps every schema, so server and client infer from it. */
export function defineRoute<const R extends Route>(route: R): R {
  return route;
}

type Infer<T> = T extends z.ZodType ? z.output<T> : undefined;
type In<T> = T extends z.ZodType ? z.input<T> : undefined;

/** What a handler receives (parsed) and a client sends (before defaults). */
export type RouteParams<R extends Route> = Infer<R["params"]>;
export type RouteQuery<R extends Route> = Infer<R["query"]>;
export type RouteBody<R extends Route> = Infer<R["body"]>;
export type RouteBodyInput<R extends Route> = In<R["body"]>;
export type RouteQueryInput<R extends Route> = In<R["query"]>;
export type RouteResponse<R extends Route> = R["response"] extends z.ZodType
  ? z.output<R["response"]>
  : R["response"] extends "none"
    ? undefined
    : ReadableStream<Uint8Array>;
