import { CorepoolError } from "@corepool/core/errors";
import { newId } from "@corepool/core/ids";
import type { Clock } from "@corepool/core/ports/clock";
import type { Random } from "@corepool/core/ports/random";
import type { ProblemCode } from "@corepool/protocol/problems";
import type { Route } from "@corepool/protocol/route";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { Logger } from "pino";
import type { Tx } from "../database/database.ts";
import type { Api, Caller, Handler } from "./call.ts";
import type { Idempotency } from "./idempotency.ts";
import { problemOf, problemResponse } from "./problem.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { crossOrigin, secure } from "./response-headers.ts";
import { serveRoute } from "./serve-route.ts";

/** Answers of a healthy market to whoever asks a moment too early or too late: no error of anybody. */
const ORDINARY: ReadonlySet<string> = new Set<ProblemCode>(["not-ready", "machine-unreachable"]);

/** What the API needs of the process around it. */
export interface ApiParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Pick<Logger, "debug" | "info" | "error">;
  readonly limiter: RateLimiter;
  readonly idempotency: Pick<Idempotency, "begin">;
  authenticate(token: string): Promise<Caller | undefined>;
  /** Counts one finished request. */
  observe(operation: string, status: number, seconds: number): void;
  /** Origins that browsers may call from. */
  readonly corsOrigins: readonly string[];
  /** Whether the API is reached by https: then browsers are told to stay with it. */
  readonly https: boolean;
  /** Checks every answer against its route's schema: for tests. */
  readonly checkResponses: boolean;
  /** Aborted when the server stops: ends streams. */
  readonly stopping: AbortSignal;
}

/** A call whose parts are parsed but whose types only its handler knows. */
export interface BoundCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller | undefined;
  readonly requestId: string;
  readonly signal: AbortSignal;
  readonly stillAllowed: () => Promise<boolean>;
  readonly request: Request;
  readonly settle: (tx: Tx, value: unknown) => Promise<unknown>;
}

/** A route and what serves it. */
export interface Bound {
  readonly route: Route;
  readonly handler: (call: BoundCall) => Promise<unknown>;
}

/** The request as it travels through the API. */
export interface Incoming {
  readonly request: Request;
  readonly requestId: string;
  readonly params: Readonly<Record<string, string>>;
  /** Network address of the peer, never taken from a header. */
  readonly peer: string;
}

type Bindings = { readonly Bindings: Partial<HttpBindings> };

/** W3C Trace Context, version 00: what a caller's own tracing calls this request. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const REQUEST_ID = /^[A-Za-z0-9_\-.:]{8,64}$/;

/** The HTTP API: routes as values on one Hono application. */
export class HttpApi implements Api {
  readonly app: Hono<Bindings>;
  readonly #parts: ApiParts;
  readonly #paths = new Map<string, Map<string, Bound>>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.app = new Hono<Bindings>();
    this.app.onError((error, c) =>
      this.#finish(c.req.raw, this.#idOf(c.req.raw), () => {
        throw error;
      }),
    );
    this.app.notFound((c) => this.#finish(c.req.raw, this.#idOf(c.req.raw), () => noSuchPath()));
  }

  /** The routes bound so far. */
  get routes(): readonly Route[] {
    return [...this.#paths.values()].flatMap((methods) => [...methods.values()].map((bound) => bound.route));
  }

  /** Binds a route to its handler. Throws TypeError when the method and path are taken: a programming error. */
  bind<const R extends Route>(route: R, handler: Handler<R>): void {
    const methods = this.#paths.get(route.path) ?? this.#open(route.path);
    if (methods.has(route.method)) throw new TypeError(`${route.method} ${route.path} is bound twice`);
    // The handler's own types are the route's; serveRoute parses every part by the route's schemas before the call.
    methods.set(route.method, { route, handler: handler as unknown as Bound["handler"] });
  }

  /** Serves the API's own description at /openapi.json. */
  document(description: object): void {
    const text = JSON.stringify(description);
    this.app.get("/openapi.json", (c) =>
      this.#finish(c.req.raw, this.#idOf(c.req.raw), (headers) => {
        headers["cache-control"] = "public, max-age=60";
        return new Response(text, { headers: { "content-type": "application/json" } });
      }),
    );
  }

  #open(path: string): Map<string, Bound> {
    const methods = new Map<string, Bound>();
    this.#paths.set(path, methods);
    this.app.all(path.replaceAll(/\{(\w+)\}/g, ":$1"), (c) => {
      const incoming: Incoming = {
        request: c.req.raw,
        requestId: this.#idOf(c.req.raw),
        params: c.req.param(),
        peer: c.env?.incoming?.socket.remoteAddress ?? "unknown",
      };
      return this.#serve(methods, incoming);
    });
    return methods;
  }

  async #serve(methods: Map<string, Bound>, incoming: Incoming): Promise<Response> {
    const { request, requestId } = incoming;
    const bound = methods.get(request.method) ?? (request.method === "HEAD" ? headOf(methods) : undefined);
    if (bound !== undefined) {
      return this.#finish(
        request,
        requestId,
        (headers) => serveRoute(this.#parts, bound, incoming, headers),
        bound.route.operationId,
      );
    }
    return this.#finish(request, requestId, (headers) => {
      const allow = [...methods.keys(), "OPTIONS"].join(", ");
      headers["allow"] = allow;
      if (request.method === "OPTIONS") return new Response(null, { status: 204 });
      throw new CorepoolError("method-not-allowed", {
        detail: `${request.method} is not possible here.`,
        next: `Use one of: ${allow}.`,
      });
    });
  }

  /** Runs one request to its answer: errors become problems, and every answer gets the headers that all have. */
  async #finish(
    request: Request,
    requestId: string,
    work: (headers: Record<string, string>) => Promise<Response> | Response,
    operation = "none",
  ): Promise<Response> {
    const { log, clock } = this.#parts;
    const started = clock.monotonic();
    const trace = traceOf(request);
    const headers: Record<string, string> = {};
    let response: Response;
    try {
      response = await work(headers);
    } catch (error) {
      // Whoever went away before his request was whole has broken nothing of ours, and reads no answer.
      const problem = problemOf(request.signal.aborted ? gone(error) : error, requestId);
      if (ORDINARY.has(problem.code)) log.info({ requestId, ...trace, operation, code: problem.code }, "not now");
      else if (problem.status >= 500)
        log.error({ requestId, ...trace, operation, code: problem.code, err: error }, "request failed");
      const wait = problem["retryAfter"];
      response = problemResponse(problem, typeof wait === "number" ? { "retry-after": String(wait) } : {});
    }
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
    response.headers.set("x-request-id", requestId);
    secure(response.headers, this.#parts.https);
    crossOrigin(request, response.headers, this.#parts.corsOrigins);
    const seconds = (clock.monotonic() - started) / 1000;
    this.#parts.observe(operation, response.status, seconds);
    log.debug({ requestId, ...trace, operation, method: request.method, status: response.status, seconds }, "request");
    return response;
  }

  #idOf(request: Request): string {
    const given = request.headers.get("x-request-id");
    return given !== null && REQUEST_ID.test(given) ? given : newId("req", this.#parts.clock, this.#parts.random);
  }
}

/** The caller's traceparent for the log; nothing when it sends none, or one that is none. */
function traceOf(request: Request): { readonly traceparent?: string } {
  const traceparent = request.headers.get("traceparent");
  return traceparent !== null && TRACEPARENT.test(traceparent) ? { traceparent } : {};
}

function gone(cause: unknown): CorepoolError {
  return new CorepoolError("interrupted", { detail: "The client went away.", cause });
}

/** What answers HEAD where no route does: the one of GET, unless its answer has no end that could be left out. */
function headOf(methods: ReadonlyMap<string, Bound>): Bound | undefined {
  const bound = methods.get("GET");
  return bound?.route.response === "text/event-stream" ? undefined : bound;
}

function noSuchPath(): never {
  throw new CorepoolError("not-found", {
    detail: "There is nothing at this path.",
    next: "See /openapi.json for every path.",
  });
}
