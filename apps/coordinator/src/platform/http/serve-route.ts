import type { Route } from "@corepool/protocol/route";
import type { Tx } from "../database/database.ts";
import type { ApiParts, Bound, BoundCall, Incoming } from "./api.ts";
import { allowed, authorize, bearerOf, unauthenticated } from "./authorize.ts";
import { type Caller, Reply } from "./call.ts";
import { checkResponse } from "./check-response.ts";
import { fingerprintOf, type IdempotentRun, idempotencyKeyOf } from "./idempotency.ts";
import { readJsonBody } from "./json-body.ts";
import { parsePart, queryOf } from "./parse.ts";
import { problemOf } from "./problem.ts";
import { rateHeaders, rateLimited } from "./rate-limit.ts";
import type { StoredAnswer } from "./sealed-answer.ts";

/**
 * Serves one request of a route: who it is, whether the rate allows it, whether he may, then the parts by their schemas,
 * then the handler, once per Idempotency-Key. `headers` are set on the answer whatever it is. Throws CorepoolError.
 */
export async function serveRoute(
  parts: ApiParts,
  bound: Bound,
  incoming: Incoming,
  headers: Record<string, string>,
): Promise<Response> {
  const { route, handler } = bound;
  const { request } = incoming;
  const { caller, token } = await identify(parts, route, incoming, headers);
  authorize(route, caller);
  const params = route.params === undefined ? undefined : parsePart(route.params, incoming.params, "params");
  const query = route.query === undefined ? undefined : parsePart(route.query, queryOf(new URL(request.url)), "query");
  const key = route.idempotent ? idempotencyKeyOf(request) : undefined;
  const json = route.body === undefined ? undefined : await readJsonBody(request, parts.clock);
  const body = route.body === undefined || json === undefined ? undefined : parsePart(route.body, json.value, "body");
  const call: BoundCall = {
    params,
    query,
    body,
    caller,
    requestId: incoming.requestId,
    signal: AbortSignal.any([request.signal, parts.stopping]),
    stillAllowed: async () => allowed(route, token === undefined ? undefined : await parts.authenticate(token)),
    request,
    settle: (_tx, value) => Promise.resolve(value),
  };
  if (key === undefined) return respond(parts, route, await handler(call));

  const begun = await parts.idempotency.begin({
    scope: `${caller?.account ?? "anonymous"} ${route.operationId}`,
    key,
    credential: token ?? "",
    fingerprint: fingerprintOf(request, json?.bytes ?? new Uint8Array()),
  });
  if ("replay" in begun) {
    headers["idempotent-replayed"] = "true";
    return fromStored(begun.replay);
  }
  return runOnce(parts, bound, call, begun.run, incoming.requestId);
}

/** Runs the handler of an idempotent route and keeps its answer. */
async function runOnce(
  parts: ApiParts,
  { route, handler }: Bound,
  call: BoundCall,
  run: IdempotentRun,
  requestId: string,
): Promise<Response> {
  try {
    const settle = async (tx: Tx, value: unknown) => {
      await run.settle(tx, storable(parts, route, value));
      return value;
    };
    const answer = await handler({ ...call, settle });
    if (answer instanceof Response)
      throw new TypeError(`${route.operationId} is idempotent and must not answer with a stream`);
    const stored = storable(parts, route, answer);
    // Changes nothing when the handler has settled in its own transaction.
    await run.finish(stored);
    return fromStored(stored);
  } catch (error) {
    const problem = problemOf(error, requestId);
    // What may succeed later without a change, and our own failures, are not the final word on this key.
    if (problem.status >= 500 || problem.retryable) await run.abandon();
    else
      await run.finish({
        status: problem.status,
        contentType: "application/problem+json",
        body: JSON.stringify(problem),
      });
    throw error;
  }
}

/** Finds out who calls and counts the request against his limits; strangers are counted by network address. */
async function identify(
  parts: ApiParts,
  route: Route,
  incoming: Incoming,
  headers: Record<string, string>,
): Promise<{ readonly caller: Caller | undefined; readonly token: string | undefined }> {
  const count = (who: string) => {
    const verdict = parts.limiter.take(route.rate, who);
    Object.assign(headers, rateHeaders(route.rate, verdict));
    if (!verdict.allowed) throw rateLimited(route.rate, verdict);
  };
  const stranger = `ip:${incoming.peer}`;
  let token: string | undefined;
  try {
    token = bearerOf(incoming.request);
  } catch (error) {
    count(stranger);
    throw error;
  }
  const caller = token === undefined ? undefined : await parts.authenticate(token);
  // Keys count for their account: who makes more of them gains nothing.
  count(caller === undefined ? stranger : `account:${caller.account}`);
  if (token !== undefined && caller === undefined)
    throw unauthenticated("The bearer token is unknown, expired or revoked.");
  return { caller, token };
}

function respond(parts: ApiParts, route: Route, answer: unknown): Response {
  if (answer instanceof Response) return answer;
  const { value, status, headers } = unpack(route, answer);
  if (route.response === "none" || value === undefined) return new Response(null, { status, headers });
  if (value instanceof ReadableStream) {
    return new Response(value, { status, headers: { "content-type": "application/octet-stream", ...headers } });
  }
  const stored = storable(parts, route, answer);
  return new Response(stored.body, { status, headers: { "content-type": "application/json", ...headers } });
}

function storable(parts: ApiParts, route: Route, answer: unknown): StoredAnswer {
  const { value, status } = unpack(route, answer);
  if (parts.checkResponses) checkResponse(route, value);
  return { status, contentType: "application/json", body: JSON.stringify(value) };
}

function unpack(
  route: Route,
  answer: unknown,
): { readonly value: unknown; readonly status: number; readonly headers: Readonly<Record<string, string>> } {
  if (answer instanceof Reply)
    return { value: answer.value, status: answer.status ?? route.status, headers: answer.headers };
  return { value: answer, status: route.status, headers: {} };
}

function fromStored(answer: StoredAnswer): Response {
  return new Response(answer.body, {
    status: answer.status,
    headers: answer.contentType === null ? {} : { "content-type": answer.contentType },
  });
}
