import { CorepoolError } from "@corepool/core/errors";
import type { Route } from "@corepool/protocol/route";
import type { Caller } from "./call.ts";

const BEARER = /^Bearer ([A-Za-z0-9_\-.~+/]{1,512}=*)$/i;

/** The bearer token of a request. Rejects with `unauthenticated` when the header is there but is none. */
export function bearerOf(request: Request): string | undefined {
  const header = request.headers.get("authorization");
  if (header === null) return undefined;
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) throw unauthenticated("The authorization header is not a bearer token.");
  return token;
}

/** 401: nobody we know. */
export function unauthenticated(detail: string): CorepoolError {
  return new CorepoolError("unauthenticated", {
    detail,
    next: "Sign in with your wallet (POST /v1/auth/nonce, then /v1/auth/sessions) or send a valid API key as a bearer token.",
  });
}

/** Whether a caller holds one of the route's scopes. Default is that he does not. */
export function allowed(route: Route, caller: Caller | undefined): boolean {
  return route.scopes === "public" || route.scopes.some((scope) => caller?.scopes.has(scope) === true);
}

/** Lets through who holds one of the route's scopes. */
export function authorize(route: Route, caller: Caller | undefined): void {
  if (route.scopes === "public" || allowed(route, caller)) return;
  if (caller === undefined) throw unauthenticated("This route needs a signed-in caller.");
  throw new CorepoolError("forbidden", {
    detail: `This needs one of the scopes ${route.scopes.join(", ")}; the caller has ${[...caller.scopes].join(", ") || "none"}.`,
    next: "Use an API key that carries the scope, or sign in with the wallet itself.",
    data: { needed: route.scopes },
  });
}
