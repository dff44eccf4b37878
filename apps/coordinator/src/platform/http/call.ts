import type { Address, Hex } from "@corepool/core/hex";
import type { Route, RouteBody, RouteParams, RouteQuery, RouteResponse, Scope } from "@corepool/protocol/route";
import type { Tx } from "../database/database.ts";

/** Who calls: a signed-in wallet, an API key, or the agent of a machine. */
export interface Caller {
  readonly kind: "wallet" | "key" | "agent";
  readonly account: Address;
  readonly scopes: ReadonlySet<Scope>;
  /** The API key in use, for spend caps. */
  readonly keyId?: string;
  /** The machine of an agent's token (bytes32). */
  readonly machine?: Hex;
}

/** A handler's answer when it needs another status than the route's, or headers of its own. */
export class Reply<T> {
  readonly value: T;
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  constructor(value: T, options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> }) {
    this.value = value;
    this.status = options.status;
    this.headers = options.headers ?? {};
  }
}

type CallerOf<R extends Route> = R["scopes"] extends "public" ? Caller | undefined : Caller;

/** One request of a route: authenticated, in its limits, parsed. */
export interface Call<R extends Route> {
  readonly params: RouteParams<R>;
  readonly query: RouteQuery<R>;
  readonly body: RouteBody<R>;
  readonly caller: CallerOf<R>;
  readonly requestId: string;
  /** Aborted when the client goes away or the server stops. */
  readonly signal: AbortSignal;
  /** Whether the caller's token still stands and still opens this route: what lives longer than a request asks again. */
  readonly stillAllowed: () => Promise<boolean>;
  /** The raw request: headers, and the body of routes that declare none. */
  readonly request: Request;
  /**
   * On idempotent routes: stores the answer in the handler's own transaction, so that the effect and the answer that a
   * repeated request gets are committed together. Returns the value. Elsewhere it only returns the value.
   */
  readonly settle: (tx: Tx, value: RouteResponse<R>) => Promise<RouteResponse<R>>;
}

/** What a handler may return: the route's response, with another status or headers, or a finished Response. */
export type Answer<R extends Route> = RouteResponse<R> | Reply<RouteResponse<R>> | Response;

export type Handler<R extends Route> = (call: Call<R>) => Promise<Answer<R>>;

/** Where handlers are bound to routes. */
export interface Api {
  bind<const R extends Route>(route: R, handler: Handler<R>): void;
}
