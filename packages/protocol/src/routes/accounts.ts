import { z } from "zod";
import { address, amount, hex, id, page, pageQuery, timestamp } from "../primitives.ts";
import { account, apiKey } from "../resources.ts";
import { defineRoute, SCOPES } from "../route.ts";
import { mandateMessage } from "../spec.ts";

/** Most providers that one mandate may list. */
const MOST_MANDATE_PROVIDERS = 256;

export const createNonce = defineRoute({
  method: "POST",
  path: "/v1/auth/nonce",
  operationId: "createNonce",
  summary: "Get a nonce for Sign-In with Ethereum (ERC-4361)",
  scopes: "public",
  rate: "write",
  idempotent: false,
  body: z.strictObject({ address }),
  response: z.object({
    nonce: z.string(),
    domain: z.string(),
    uri: z.string(),
    chainId: z.int(),
    issuedAt: timestamp,
    expirationTime: timestamp,
  }),
  status: 201,
  problems: ["bad-request"],
});

export const signIn = defineRoute({
  method: "POST",
  path: "/v1/auth/sessions",
  operationId: "signIn",
  summary: "Sign in with a signed ERC-4361 message",
  scopes: "public",
  rate: "write",
  idempotent: false,
  body: z.strictObject({ message: z.string().max(4096), signature: hex }),
  response: z.object({ token: z.string(), account: address, expiresAt: timestamp }),
  status: 201,
  problems: ["bad-request", "sign-in-refused", "chain-unavailable"],
});

export const signOut = defineRoute({
  method: "DELETE",
  path: "/v1/auth/sessions",
  operationId: "signOut",
  summary: "End this sign-in",
  scopes: ["account:read"],
  rate: "write",
  idempotent: false,
  response: "none",
  status: 204,
  problems: [],
});

export const getAccount = defineRoute({
  method: "GET",
  path: "/v1/account",
  operationId: "getAccount",
  summary: "Your balances and counters",
  scopes: ["account:read"],
  rate: "read",
  idempotent: false,
  response: account,
  status: 200,
  problems: ["chain-unavailable"],
});

/**
 * Server-sent events; `id` is where to resume (Last-Event-ID), `event` the type, `data` an AccountEvent. Begins with what
 * is new; when events after the last one are gone, `event: reset` comes first: read everything anew. With `offers=true`,
 * `event: offers` (without an id, at most once a second) says that the market's offers have changed.
 */
export const streamAccount = defineRoute({
  method: "GET",
  path: "/v1/account/events",
  operationId: "streamAccount",
  summary: "Follow everything that happens to your account",
  scopes: ["account:read", "workloads:read"],
  rate: "stream",
  idempotent: false,
  query: z.strictObject({ offers: z.enum(["true", "false"]).default("false") }),
  response: "text/event-stream",
  status: 200,
  problems: ["bad-request", "bad-cursor"],
});

export const createApiKey = defineRoute({
  method: "POST",
  path: "/v1/api-keys",
  operationId: "createApiKey",
  summary: "Make an API key; its secret is shown once",
  scopes: ["keys:write"],
  rate: "write",
  idempotent: true,
  body: z.strictObject({
    name: z.string().min(1).max(80),
    scopes: z
      .array(z.enum(SCOPES).exclude(["agent"]))
      .min(1)
      .max(9),
    spendCap: amount.optional(),
    expiresAt: timestamp.optional(),
  }),
  response: z.object({ key: apiKey, secret: z.string() }),
  status: 201,
  problems: ["bad-request", "forbidden"],
});

export const listApiKeys = defineRoute({
  method: "GET",
  path: "/v1/api-keys",
  operationId: "listApiKeys",
  summary: "List your API keys",
  scopes: ["keys:write", "account:read"],
  rate: "read",
  idempotent: false,
  query: pageQuery,
  response: page(apiKey),
  status: 200,
  problems: ["bad-cursor"],
});

export const revokeApiKey = defineRoute({
  method: "DELETE",
  path: "/v1/api-keys/{id}",
  operationId: "revokeApiKey",
  summary: "Revoke an API key at once",
  scopes: ["keys:write"],
  rate: "write",
  idempotent: false,
  params: z.strictObject({ id: id("key") }),
  response: "none",
  status: 204,
  problems: ["not-found"],
});

const mandateView = z.object({
  id: id("mdt"),
  mandate: mandateMessage,
  /** The list behind `mandate.providers`, in the order of its leaves; empty: any provider. */
  providers: z.array(address),
  committed: amount,
  revokedAt: timestamp.nullable(),
});

/** A mandate lets the coordinator sign orders and payment notes within its bounds. Its largest loss is maxTotal. */
export const grantMandate = defineRoute({
  method: "POST",
  path: "/v1/mandates",
  operationId: "grantMandate",
  summary: "Let the coordinator sign for you, within bounds",
  scopes: ["mandates:write"],
  rate: "write",
  idempotent: true,
  body: z.strictObject({
    mandate: mandateMessage,
    signature: hex,
    /** Whose root (`providerTree`) `mandate.providers` is: the coordinator proves with it that a provider is listed. */
    providers: z.array(address).max(MOST_MANDATE_PROVIDERS).default([]),
  }),
  response: mandateView,
  status: 201,
  problems: ["bad-request", "bad-signature", "mandate-exceeded", "chain-unavailable"],
});

export const listMandates = defineRoute({
  method: "GET",
  path: "/v1/mandates",
  operationId: "listMandates",
  summary: "List your mandates",
  scopes: ["mandates:write", "account:read"],
  rate: "read",
  idempotent: false,
  query: pageQuery,
  response: page(mandateView),
  status: 200,
  problems: ["bad-cursor"],
});

/** Stops the coordinator from using it at once; the on-chain revocation is the client's own transaction. */
export const dropMandate = defineRoute({
  method: "DELETE",
  path: "/v1/mandates/{id}",
  operationId: "dropMandate",
  summary: "Stop the coordinator from using a mandate",
  scopes: ["mandates:write"],
  rate: "write",
  idempotent: false,
  params: z.strictObject({ id: id("mdt") }),
  response: "none",
  status: 204,
  problems: ["not-found"],
});
