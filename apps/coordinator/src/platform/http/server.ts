import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { CorepoolError } from "@corepool/core/errors";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { problemOf } from "./problem.ts";
import { secure } from "./response-headers.ts";
import { readNoFurther, refusedHalfway } from "./unread-body.ts";

/** What a client may take of a server's time and memory before it has shown who it is. */
const LIMITS = {
  /** From the connection, or the end of the request before, to the last header. */
  headersTimeout: 10_000,
  /** A whole request with its body: uploads go on where they stopped. JSON bodies have a shorter time of their own. */
  requestTimeout: 600_000,
  /** A socket on which nothing moves, in either direction; streams of events have a heartbeat. */
  timeout: 60_000,
  keepAliveTimeout: 30_000,
  /** How often the times above are looked at. */
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
} as const;

/** Connections of one process; beyond, new ones are dropped before they cost anything. */
const MOST_CONNECTIONS = 10_000;

export interface ApiServerParts {
  readonly fetch: (request: Request, bindings: object) => Promise<Response> | Response;
  /** Takes over an upgrade; false when the path is none of its own. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;
  readonly newRequestId: () => string;
  readonly https: boolean;
}

/** The API's server. `inFlight`: requests that are being answered, by their method and path. */
export interface ApiServer {
  readonly server: Server;
  readonly inFlight: ReadonlyMap<Promise<void>, string>;
}

/**
 * HTTP for routes, upgrades for WebSockets. What is refused before any route sees it (a request that cannot be parsed,
 * headers that are too large or too late) is answered by a problem like everything else.
 */
export function createApiServer(parts: ApiServerParts): ApiServer {
  const inFlight = new Map<Promise<void>, string>();
  const answering = new WeakSet<Duplex>();
  const listener = getRequestListener(
    async (request, bindings) =>
      refusedHalfway(await parts.fetch(request, bindings), (bindings as HttpBindings).incoming),
    { overrideGlobalObjects: false, errorHandler: () => refusal(parts, MALFORMED) },
  );
  const server = createServer(LIMITS, (request, response) => {
    answering.add(request.socket);
    response.on("close", () => answering.delete(request.socket));
    readNoFurther(request, response);
    const served = listener(request, response).catch(() => {
      response.destroy();
    });
    inFlight.set(served, `${request.method} ${request.url?.split("?")[0]}`);
    void served.then(() => inFlight.delete(served));
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on("clientError", (error: Error & { readonly code?: string }, socket: Duplex) => {
    // Into the middle of an answer nothing can be written; and who has reset the connection hears nothing.
    if (error.code === "ECONNRESET" || answering.has(socket) || !socket.writable) socket.destroy();
    else void refuse(parts, socket, refusalFor(error.code));
  });
  server.on("upgrade", (request, socket, head) => {
    socket.on("error", () => socket.destroy());
    if (!parts.upgrade(request, socket, head)) void refuse(parts, socket, NOWHERE);
  });
  return { server, inFlight };
}

const MALFORMED = new CorepoolError("bad-request", {
  detail: "The request is not HTTP as this server understands it.",
  next: "Check its first line and its headers.",
});
const NOWHERE = new CorepoolError("not-found", { detail: "There is no WebSocket at this path." });

function refusalFor(code: string | undefined): CorepoolError {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new CorepoolError("headers-too-large", {
      detail: `The headers are larger than ${LIMITS.maxHeaderSize} bytes.`,
      next: "Send fewer or shorter headers.",
    });
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new CorepoolError("request-timeout", {
      detail: "The request did not arrive in time.",
      next: "Send it again over a faster connection.",
    });
  }
  return MALFORMED;
}

function refusal(parts: ApiServerParts, error: CorepoolError): Response {
  const requestId = parts.newRequestId();
  const problem = problemOf(error, requestId);
  const headers = new Headers({ "content-type": "application/problem+json", "x-request-id": requestId });
  secure(headers, parts.https);
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

/** The same refusal on a bare socket, which is closed with it. */
async function refuse(parts: ApiServerParts, socket: Duplex, error: CorepoolError): Promise<void> {
  const response = refusal(parts, error);
  const body = Buffer.from(await response.arrayBuffer());
  const headers = [...response.headers, ["content-length", String(body.length)], ["connection", "close"]];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  // The status is enough for a reader; the reason phrase may be empty (RFC 9112).
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${response.status} \r\n${lines}\r\n`), body]));
  // A peer that goes on sending is not listened to for long.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const LINGER_MS = 1_000;
