import { once } from "node:events";
import type { Server } from "node:http";
import { CorepoolError } from "@corepool/core/errors";

/** Where a server listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Starts to listen; resolves with the port (the chosen one when 0 was asked). Rejects with `port-in-use`. */
export async function listen(server: Server, endpoint: Endpoint): Promise<number> {
  try {
    server.listen({ host: endpoint.host, port: endpoint.port });
    await once(server, "listening");
  } catch (cause) {
    throw new CorepoolError("port-in-use", {
      detail: `The coordinator cannot listen on ${endpoint.host}:${endpoint.port}.`,
      next: "Stop what uses the port, or set another address (COREPOOL_LISTEN, COREPOOL_METRICS_LISTEN).",
      data: { port: endpoint.port },
      cause,
    });
  }
  const address = server.address();
  return address === null || typeof address === "string" ? endpoint.port : address.port;
}

/** An HTTP server on its way out: new connections are refused, idle ones cut. */
export interface ClosingServer {
  /** Resolves when no connection is left, upgraded ones included. */
  readonly closed: Promise<void>;
}

/** Stops to accept. What is in flight goes on. */
export function beginClose(server: Server): ClosingServer {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  return { closed };
}

/** Stops to accept, lets requests in flight end, and cuts idle connections. */
export async function closeServer(server: Server): Promise<void> {
  await beginClose(server).closed;
}
