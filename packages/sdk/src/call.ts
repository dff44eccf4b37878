import { CorepoolError } from "@corepool/core/errors";
import { toHex } from "@corepool/core/hex";
import type { Route, RouteResponse } from "@corepool/protocol/route";
import { z } from "zod";
import type { Client } from "./client.ts";
import { checkSignal, withDeadline } from "./deadline.ts";
import { problemOf, reasonOf, unreachable, worthAnotherTry } from "./problem.ts";

type Need<R extends Route, K extends "params" | "body"> = R[K] extends z.ZodType
  ? { readonly [P in K]: z.input<R[K]> }
  : { readonly [P in K]?: undefined };
type MayQuery<R extends Route> = R["query"] extends z.ZodType
  ? { readonly query?: z.input<R["query"]> }
  : { readonly query?: undefined };

/** What a call of the route takes: exactly the parts that the route value declares. */
export type CallInput<R extends Route> = Need<R, "params"> & Need<R, "body"> & MayQuery<R>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Give the key of an earlier try to continue it; else the SDK makes one per call. */
  readonly idempotencyKey?: string | undefined;
}

const parse = (schema: z.ZodType | undefined, value: unknown, where: string): unknown => {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const pointer = `/${issue?.path.map(String).join("/") ?? ""}`;
  throw new CorepoolError("bad-request", {
    detail: `The ${where} is malformed at ${pointer}: ${issue?.message ?? "invalid"}.`,
    next: "Correct that field; nothing was sent.",
    data: {
      errors: result.error.issues.map((i) => ({ pointer: `/${i.path.map(String).join("/")}`, message: i.message })),
    },
  });
};

/** The URL of a route with its parameters filled in. Rejects with `bad-request` where they do not fit. */
export function urlOf(client: Client, route: Route, params: unknown, query: unknown): string {
  const filled = (parse(route.params, params, "path") ?? {}) as Readonly<Record<string, unknown>>;
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(filled[name])));
  const given =
    parse(route.query, query, "query") === undefined ? {} : ((query ?? {}) as Readonly<Record<string, unknown>>);
  const pairs = Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)] as [string, string]);
  return `${client.url}${path}${pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`}`;
}

/** One request: signs in first when a sign-in is possible and none is held; signs in again once after a 401. */
export async function request(
  client: Client,
  route: Route,
  url: string,
  init: { readonly headers: Record<string, string>; readonly body?: string | Uint8Array<ArrayBuffer> },
  signal: AbortSignal | undefined,
): Promise<Response> {
  const { credentials } = client;
  const send = async (): Promise<Response> => {
    if (route.scopes !== "public" && credentials.token === undefined && credentials.renew !== undefined)
      credentials.token = await credentials.renew(signal);
    const token = route.scopes === "public" ? undefined : credentials.token;
    const headers = token === undefined ? init.headers : { ...init.headers, authorization: `Bearer ${token}` };
    try {
      return await client.fetch(url, {
        method: route.method,
        headers,
        ...(init.body === undefined ? {} : { body: init.body }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      checkSignal(signal);
      throw unreachable(client.url, reasonOf(error), error);
    }
  };
  const first = await send();
  if (first.status !== 401 || credentials.renew === undefined || route.scopes === "public") return first;
  await first.body?.cancel();
  credentials.token = undefined;
  return send();
}

/** Repeats `once` while its failure is worth another try and the client's patience lasts, with growing pauses. */
export async function repeated<T>(
  client: Client,
  signal: AbortSignal | undefined,
  once: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const begun = client.clock.monotonic();
  for (let pause = 200; ; pause = Math.min(pause * 2, 3_000)) {
    checkSignal(signal);
    try {
      return await withDeadline(
        client.clock,
        client.tryMs,
        signal,
        () => unreachable(client.url, `no answer within ${client.tryMs / 1000} s`),
        once,
      );
    } catch (error) {
      checkSignal(signal);
      const asked = error instanceof CorepoolError ? error.data.retryAfterSeconds : undefined;
      const wait = typeof asked === "number" ? Math.max(asked * 1000, pause) : pause;
      if (!worthAnotherTry(error) || client.clock.monotonic() - begun + wait > client.patienceMs) throw error;
      await client.clock.sleep(wait, signal);
    }
  }
}

/**
 * Calls a route of the API: checks what is sent against the route's schemas, makes the idempotency key where one is
 * required and keeps it over retries, checks the answer, and rejects with the coordinator's own problem code.
 */
export async function call<R extends Route>(
  client: Client,
  route: R,
  input: CallInput<R>,
  options: CallOptions = {},
): Promise<RouteResponse<R>> {
  const url = urlOf(client, route, input.params, input.query);
  const body = parse(route.body, input.body, "request");
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (route.idempotent) headers["idempotency-key"] = options.idempotencyKey ?? toHex(client.random.bytes(16));
  return repeated(client, options.signal, async (signal) => {
    const response = await request(
      client,
      route,
      url,
      { headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
      signal,
    );
    if (!response.ok) throw await problemOf(response, route.operationId);
    if (!(route.response instanceof z.ZodType)) {
      if (route.response === "none") await response.body?.cancel();
      return (route.response === "none" ? undefined : response.body) as RouteResponse<R>;
    }
    const answer: unknown = await response.json().catch((error: unknown) => {
      throw unreachable(client.url, `the answer broke off (${reasonOf(error)})`, error);
    });
    const parsed = route.response.safeParse(answer);
    if (parsed.success) return parsed.data as RouteResponse<R>;
    const issue = parsed.error.issues[0];
    throw new CorepoolError("internal", {
      detail: `The coordinator's answer to ${route.operationId} is not what the API promises, at /${issue?.path.map(String).join("/")}: ${issue?.message}.`,
      next: "Client and coordinator may be of different versions; update the older one.",
    });
  });
}
